"""IREE's CPU target, optimized for this machine with data tiling, its function called on uploaded arrays."""

import pathlib
import subprocess
import sys

PACKAGE = "iree.runtime"
FLAGS = (
    "--iree-hal-target-backends=llvm-cpu",
    "--iree-llvmcpu-target-cpu=host",
    "--iree-opt-level=O3",
    "--iree-opt-data-tiling",
)
COMPILE_SECONDS = 900


def _module(job):
    return job.artifacts / f"{job.name}.iree.vmfb"


def prepare(job):
    module, tools = _module(job), pathlib.Path(sys.executable).parent
    if module.exists() and module.stat().st_mtime >= job.model.stat().st_mtime:
        return
    imported = module.with_suffix(".mlir")
    quiet = {
        "check": True,
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
        "timeout": COMPILE_SECONDS,
    }
    try:
        subprocess.run([tools / "iree-import-onnx", job.model, "-o", imported], **quiet)
        subprocess.run([tools / "iree-compile", imported, *FLAGS, "-o", module], **quiet)
    finally:
        imported.unlink(missing_ok=True)


class Peer:
    def __init__(self, job):
        import numpy
        import iree.runtime
        import iree.runtime.flags

        runtime = self._runtime = iree.runtime
        iree.runtime.flags.parse_flags(f"--task_topology_group_count={job.threads}")
        config = runtime.Config("local-task")
        module = runtime.VmModule.mmap(config.vm_instance, str(_module(job)))
        hal = runtime.create_hal_module(config.vm_instance, config.device)
        self._keep = runtime.SystemContext(vm_modules=[hal, module], config=config), module
        self._device = config.device
        function, context = module.lookup_function(job.name), self._keep[0].vm_context
        element = {"float32": runtime.HalElementType.FLOAT_32, "int64": runtime.HalElementType.SINT_64}
        arguments = self._arguments = runtime.VmVariantList(len(job.inputs))
        self._buffers = []
        for array in job.inputs.values():
            self._buffers.append(
                config.device.allocator.allocate_buffer_copy(
                    memory_type=runtime.MemoryType.DEVICE_LOCAL,
                    allowed_usage=runtime.BufferUsage.DEFAULT,
                    device=config.device,
                    buffer=numpy.ascontiguousarray(array),
                    element_type=element[str(array.dtype)],
                )
            )
            arguments.push_ref(self._buffers[-1])

        def run():
            results = runtime.VmVariantList(4)
            context.invoke(function, arguments, results)
            self._results = results

        self.run = run

    def outputs(self):
        runtime = self._runtime
        views = [self._results.get_as_object(i, runtime.HalBufferView) for i in range(len(self._results))]
        return [
            runtime.DeviceArray(self._device, view, implicit_host_transfer=True).to_host() for view in views
        ]
