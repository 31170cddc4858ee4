#include "compiler/Target.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"

#include <algorithm>
#include <mutex>

using namespace llvm;

namespace nnc {

#define NNC_FOR_EACH_TARGET(DO) DO(X86) DO(AArch64) DO(RISCV) DO(ARM) DO(NVPTX)

void initializeTargets() {
  static std::once_flag once;
  std::call_once(once, [] {
#define NNC_INITIALIZE(name)                                                                                \
  LLVMInitialize##name##TargetInfo();                                                                       \
  LLVMInitialize##name##Target();                                                                           \
  LLVMInitialize##name##TargetMC();                                                                         \
  LLVMInitialize##name##AsmPrinter();
    NNC_FOR_EACH_TARGET(NNC_INITIALIZE)
#undef NNC_INITIALIZE
    // Inline assembly needs parsers; NVPTX has none.
    LLVMInitializeX86AsmParser();
    LLVMInitializeAArch64AsmParser();
    LLVMInitializeRISCVAsmParser();
    LLVMInitializeARMAsmParser();
  });
}

bool CpuLevel::has(StringRef feature) const {
  return std::binary_search(enabledFeatures.begin(), enabledFeatures.end(), feature);
}

namespace {

struct FeatureBit {
  unsigned bit;
  StringRef name;
};

/// The features of the architecture that the runtime can check for.
ArrayRef<FeatureBit> checkedFeatures(Triple::ArchType arch) {
  static const FeatureBit x86[] = {
#define NNCRT_X86(bit, name, leaf, subleaf, reg, regbit, state) {bit, name},
#include "runtime/cpu_features.def"
  };
  static const FeatureBit aarch64[] = {
#define NNCRT_AARCH64(bit, name, word, hwcap) {bit, name},
#include "runtime/cpu_features.def"
  };
  static const FeatureBit riscv[] = {
#define NNCRT_RISCV(bit, name, word, hwcap) {bit, name},
#include "runtime/cpu_features.def"
  };
  switch (arch) {
  case Triple::x86_64:
    return x86;
  case Triple::aarch64:
    return aarch64;
  case Triple::riscv64:
    return riscv;
  default:
    return {};
  }
}

/// The CPU and features that any Linux machine of the architecture has.
std::pair<StringRef, StringRef> baseline(Triple::ArchType arch) {
  switch (arch) {
  case Triple::x86_64:
    return {"x86-64", ""};
  case Triple::riscv64:
    return {"generic-rv64", "+m,+a,+f,+d,+c,+zicsr,+zifencei"};
  default:
    // Calls to libgcc's outlined atomics would need libgcc.
    return {"generic", "-outline-atomics"};
  }
}

std::string suffixFor(StringRef name) {
  name.consume_front("x86-64-");
  std::string suffix = name.str();
  for (char &c : suffix)
    if (!isAlnum(c))
      c = '_';
  return suffix;
}

unsigned vectorBitsOf(const CpuLevel &level, Triple::ArchType arch) {
  if (arch != Triple::x86_64)
    return 128;
  return level.has("avx512f") ? 512 : level.has("avx") ? 256 : 128;
}

unsigned byteSumsOf(const CpuLevel &level, Triple::ArchType arch) {
  if (arch != Triple::x86_64)
    return 1;
  if (level.vectorBits == 512 ? level.has("avx512vnni") : level.has("avxvnni"))
    return 4;
  return (level.vectorBits == 512 ? level.has("avx512bw") : level.has("avx2")) ? 2 : 1;
}

/// Whether a CPU is one of Intel's with AVX-512. Levels of the architecture are for AMD's, too, unless their name says so.
bool isIntels(StringRef cpu, StringRef level) {
  return cpu.starts_with("x86-64") ? level.ends_with("-intel") || level.ends_with("-amx") : !cpu.starts_with("znver");
}

/// Fills in what follows from the CPU name and the feature string.
Error completeLevel(CpuLevel &level, const Triple &triple) {
  std::string message;
  const llvm::Target *llvmTarget = TargetRegistry::lookupTarget(triple, message);
  if (!llvmTarget)
    return createStringError("unknown target '%s'", triple.str().c_str());
  // Ask before LLVM does: an unknown name makes it print a warning and go on.
  std::unique_ptr<MCSubtargetInfo> generic(llvmTarget->createMCSubtargetInfo(triple, "", ""));
  if (!generic || !generic->isCPUStringValid(level.cpu))
    return createStringError("unknown CPU '%s' for %s", level.cpu.c_str(), triple.str().c_str());
  std::unique_ptr<MCSubtargetInfo> info(llvmTarget->createMCSubtargetInfo(triple, level.cpu, level.features));
  for (const SubtargetFeatureKV &feature : info->getEnabledProcessorFeatures())
    level.enabledFeatures.push_back(feature.Key);
  std::sort(level.enabledFeatures.begin(), level.enabledFeatures.end());
  for (const FeatureBit &feature : checkedFeatures(triple.getArch()))
    if (level.has(feature.name))
      level.requiredFeatures |= uint64_t(1) << feature.bit;
  level.vectorBits = vectorBitsOf(level, triple.getArch());
  level.byteSums = byteSumsOf(level, triple.getArch());
  level.brainPairs = level.vectorBits == 512 && level.has("avx512bf16");
  level.twoMultipliers = level.vectorBits == 512 && isIntels(level.cpu, level.name);
  level.matrixUnit = level.vectorBits == 512 && level.byteSums == 4 && level.has("amx-int8");
  level.fuses = triple.getArch() != Triple::x86_64 || level.has("fma");
  if (triple.getArch() == Triple::x86_64)
    level.preferVectorWidth = level.vectorBits;
  return Error::success();
}

/// The machine that nnc runs on: its CPU name for tuning, and exactly the features that it offers now (a virtual
/// machine may hide some).
CpuLevel nativeLevel() {
  CpuLevel level;
  level.name = level.cpu = sys::getHostCPUName().str();
  level.suffix = "native";
  std::vector<std::string> features;
  for (const auto &feature : sys::getHostCPUFeatures())
    features.push_back((feature.second ? "+" : "-") + feature.first().str());
  std::sort(features.begin(), features.end());
  level.features = join(features, ",");
  return level;
}

/// Whether kernels for `level` are those for `other` where what sets Intel's CPUs apart makes no difference.
bool lends(const CpuLevel &other, const CpuLevel &level) {
  if (!level.twoMultipliers || other.twoMultipliers || other.cpu != level.cpu)
    return false;
  // By the features of its own AMX's level has no others, and products of bf16 are not those of a level without.
  return other.features == level.features ||
         (level.name == "x86-64-v4-amx" && (other.name == "x86-64-v4-vnni" || other.name == "x86-64-v4-bf16"));
}

Expected<Triple> parseTriple(StringRef target) {
  std::string text = target.empty() ? sys::getProcessTriple() : Triple::normalize(target);
  Triple triple(text);
  if (target.empty())
    triple = Triple(triple.getArchName(), "unknown", "linux", "gnu");
  if (triple.getOS() == Triple::UnknownOS && !target.contains('-'))
    triple = Triple(triple.getArchName(), "unknown", "linux", "gnu");
  if (checkedFeatures(triple.getArch()).empty() || !triple.isOSLinux())
    return createStringError("unsupported target '%s'; supported: x86_64-linux-gnu, aarch64-linux-gnu, "
                             "riscv64-linux-gnu",
                             target.empty() ? text.c_str() : target.str().c_str());
  // One spelling for all that mean the same, so that they give the same bytes.
  return Triple(Triple::getArchTypeName(triple.getArch()), "unknown", "linux", "gnu");
}

} // namespace

Expected<Target> Target::parse(StringRef targetText, StringRef cpuText, Products products) {
  initializeTargets();
  Expected<Triple> triple = parseTriple(targetText);
  if (!triple)
    return triple.takeError();
  Target target;
  target.triple = *triple;
  Triple::ArchType arch = triple->getArch();
  auto [baseCpu, baseFeatures] = baseline(arch);

  SmallVector<StringRef> names;
  if (!cpuText.empty())
    cpuText.split(names, ',');
  else if (arch == Triple::x86_64 && products.bytes)
    names = {"x86-64-v3", "x86-64-v3-vnni", "x86-64-v4-vnni"};
  else if (arch == Triple::x86_64)
    names = {"x86-64-v3", "x86-64-v4"};
  else
    names = {baseCpu};
  if (cpuText.empty() && arch == Triple::x86_64 && products.dense && !products.bytes)
    names.push_back("x86-64-v4-intel");
  if (cpuText.empty() && arch == Triple::x86_64 && products.brains)
    names.push_back("x86-64-v4-bf16");
  if (cpuText.empty() && arch == Triple::x86_64 && products.bytes)
    names.push_back("x86-64-v4-amx");

  for (StringRef name : names) {
    name = name.trim();
    CpuLevel level;
    if (name == "native") {
      if (Triple(sys::getProcessTriple()).getArch() != arch)
        return createStringError("--cpu=native needs a target of the host's own architecture");
      level = nativeLevel();
    } else {
      level.name = level.cpu = name.str();
      level.suffix = suffixFor(name);
      level.features = baseFeatures.str();
      if (arch == Triple::x86_64 && name.consume_back("-vnni")) {
        level.cpu = name.str();
        level.features = name == "x86-64-v4" ? "+avx512vnni" : "+avxvnni";
      } else if (arch == Triple::x86_64 && name == "x86-64-v4-bf16") {
        // No CPU has the one without the other.
        level.cpu = "x86-64-v4";
        level.features = "+avx512vnni,+avx512bf16";
      } else if (arch == Triple::x86_64 && name == "x86-64-v4-amx") {
        level.cpu = "x86-64-v4";
        level.features = "+avx512vnni,+avx512bf16,+amx-tile,+amx-int8";
      } else if (arch == Triple::x86_64 && name == "x86-64-v4-intel") {
        level.cpu = "x86-64-v4";
        level.requiredFeatures = uint64_t(1) << NNCRT_X86_INTEL_BIT;
      }
    }
    if (Error error = completeLevel(level, *triple))
      return std::move(error);
    for (const CpuLevel &other : target.levels)
      if (other.suffix == level.suffix)
        return createStringError("CPU level '%s' is named twice", level.name.c_str());
    for (const CpuLevel &other : target.levels)
      if (lends(other, level))
        level.lender = other.suffix;
    target.levels.push_back(std::move(level));
  }
  return target;
}

Expected<std::unique_ptr<TargetMachine>> Target::createMachine(const CpuLevel *level,
                                                              CodeGenOptLevel optLevel) const {
  initializeTargets();
  std::string message;
  const llvm::Target *llvmTarget = TargetRegistry::lookupTarget(triple, message);
  if (!llvmTarget)
    return createStringError("unknown target '%s'", triple.str().c_str());
  auto [cpu, features] = baseline(triple.getArch());
  if (level) {
    cpu = level->cpu;
    features = level->features;
  }
  TargetOptions options;
  options.FunctionSections = true;
  options.DataSections = true;
  if (triple.getArch() == Triple::riscv64)
    options.MCOptions.ABIName = "lp64d";
  std::unique_ptr<TargetMachine> machine(
      llvmTarget->createTargetMachine(triple, cpu, features, options, Reloc::PIC_, std::nullopt, optLevel));
  if (!machine)
    return createStringError("LLVM cannot generate code for '%s'", triple.str().c_str());
  return machine;
}

} // namespace nnc
