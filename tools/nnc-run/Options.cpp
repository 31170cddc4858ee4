//===- Options.cpp - nnc-run's command line ---------------------------------------------------------------------===//

#include "tools/nnc-run/Options.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"

#include <cmath>
#include <functional>

namespace nnc::run {

const char *const kHelp =
    R"(Runs a model that nnc compiled.

usage: nnc-run model.so [options]

Inputs (seeded random numbers where none are given):
  --inputs FILE...      an .npz whose keys are the input names, .npy files in the order of the inputs,
                        or a folder of input_<j>.pb
  --dim NAME=N ...      the size of a symbolic dim of random inputs; a dim without a name is INPUT:AXIS
  --seed N              the seed of random inputs (default 0)

Outputs:
  --save FILE|FOLDER/   write them to an .npz, or to a folder as output_<j>.pb; do not print them
  --compare FILE|FOLDER compare them with an .npz, an .npy or a folder of output_<j>.pb:
                        |got - expected| <= atol + rtol * |expected|
  --rtol R              default 1e-3
  --atol A              default 1e-7
  --rel-to-max R        compare by max|got - expected| <= R * max|expected| instead

Running:
  --threads N           default 1
  --bench[=SECONDS]     run again and again for so long (default 1) and print the times
  --profile[=SECONDS]   the same, and print the time of each group of nodes against the machine's peak
  --peak                measure what this machine can do on so many threads; needs no model
  --info                describe the model and do not run it
  --help, --version

Exit status: 0 fine, 1 an output differs, 2 a usage or load error.
)";

namespace {

/// The words of the command line, read from the left.
class Words {
public:
  explicit Words(llvm::ArrayRef<const char *> words) : words(words) {}

  bool done() const { return words.empty(); }
  bool atOption() const { return !done() && llvm::StringRef(words[0]).starts_with("--"); }
  llvm::StringRef next() {
    llvm::StringRef word = words[0];
    words = words.drop_front();
    return word;
  }

private:
  llvm::ArrayRef<const char *> words;
};

llvm::Error usage(const std::string &message) {
  return llvm::createStringError("%s (see nnc-run --help)", message.c_str());
}

/// An option and what its words are.
struct Option {
  const char *name;
  enum { Flag, One, OptionalOne, Many } arity;
  std::function<bool(llvm::StringRef value)> store;
};

bool storeDim(Options &options, llvm::StringRef value) {
  auto [name, number] = value.rsplit('=');
  int64_t size;
  if (name.empty() || number.getAsInteger(10, size) || size < 0)
    return false;
  options.dims.emplace_back(name.str(), size);
  return true;
}

std::vector<Option> makeTable(Options &options) {
  auto flag = [](bool &to) { return [&to](llvm::StringRef) { return to = true; }; };
  auto text = [](std::string &to) {
    return [&to](llvm::StringRef value) { return !(to = value.str()).empty(); };
  };
  auto real = [](auto &to) {
    return [&to](llvm::StringRef value) {
      double number;
      if (value.getAsDouble(number) || !(number >= 0) || std::isinf(number))
        return false;
      to = number;
      return true;
    };
  };
  return {
      {"inputs", Option::Many,
       [&](llvm::StringRef value) {
         options.inputs.push_back(value.str());
         return !value.empty();
       }},
      {"dim", Option::Many, [&](llvm::StringRef value) { return storeDim(options, value); }},
      {"seed", Option::One, [&](llvm::StringRef value) { return !value.getAsInteger(10, options.seed); }},
      {"threads", Option::One,
       [&](llvm::StringRef value) { return !value.getAsInteger(10, options.threads) && options.threads > 0; }},
      {"save", Option::One, text(options.save)},
      {"compare", Option::One, text(options.compare)},
      {"rtol", Option::One, real(options.rtol)},
      {"atol", Option::One, real(options.atol)},
      {"rel-to-max", Option::One, real(options.relToMax)},
      {"bench", Option::OptionalOne, real(options.benchSeconds)},
      {"profile", Option::OptionalOne, real(options.profileSeconds)},
      {"peak", Option::Flag, flag(options.peak)},
      {"info", Option::Flag, flag(options.info)},
      {"help", Option::Flag, flag(options.help)},
      {"version", Option::Flag, flag(options.version)},
  };
}

llvm::Error parseOption(llvm::StringRef word, Words &words, std::vector<Option> &table) {
  llvm::StringRef name, value;
  std::tie(name, value) = word.drop_front(2).split('=');
  bool hasValue = word.contains('=');
  auto option = llvm::find_if(table, [&](const Option &option) { return name == option.name; });
  if (option == table.end())
    return usage("unknown option '--" + name.str() + "'");
  auto store = [&](llvm::StringRef value) -> llvm::Error {
    if (option->store(value))
      return llvm::Error::success();
    return usage("--" + name.str() + ": bad value '" + value.str() + "'");
  };
  switch (option->arity) {
  case Option::Flag:
    return hasValue ? usage("--" + name.str() + " takes no value") : store("");
  case Option::OptionalOne:
    return store(hasValue ? value : "1");
  case Option::One:
    if (hasValue)
      return store(value);
    if (words.done() || words.atOption())
      return usage("--" + name.str() + " needs a value");
    return store(words.next());
  case Option::Many:
    break;
  }
  if (!hasValue && (words.done() || words.atOption()))
    return usage("--" + name.str() + " needs a value");
  if (hasValue)
    if (llvm::Error error = store(value))
      return error;
  while (!words.done() && !words.atOption())
    if (llvm::Error error = store(words.next()))
      return error;
  return llvm::Error::success();
}

} // namespace

llvm::Expected<Options> parseCommandLine(llvm::ArrayRef<const char *> arguments) {
  Options options;
  std::vector<Option> table = makeTable(options);
  Words words(arguments);
  while (!words.done()) {
    bool isOption = words.atOption();
    llvm::StringRef word = words.next();
    if (isOption) {
      if (llvm::Error error = parseOption(word, words, table))
        return error;
    } else if (options.model.empty()) {
      options.model = word.str();
    } else {
      return usage("unexpected argument '" + word.str() + "'");
    }
  }
  if (options.help || options.version || options.peak)
    return options;
  if (options.model.empty())
    return usage("no model given");
  if (!options.dims.empty() && !options.inputs.empty())
    return usage("--dim is for random inputs and does not go with --inputs");
  return options;
}

} // namespace nnc::run
