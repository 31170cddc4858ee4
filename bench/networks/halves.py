"""Networks of f16 between f32 inputs and results: what a converter makes of a network that was trained in f32."""

from . import sequence, vision

# The builder is asked for halves (Entry.half).
NETWORKS = {
    "resnet50_f16": vision.NETWORKS["resnet50"],
    "mobilenetv2_f16": vision.NETWORKS["mobilenetv2"],
    "bert_base_f16": sequence.NETWORKS["bert_base"],
}
