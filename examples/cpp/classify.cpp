// Reads a digit from each picture (PGM, 16x16, grey) named on the command line.
#include "digits.h"

#include <nnc/nnc.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

constexpr int kSize = 16;

/// The picture's pixels, 0 to 1.
std::vector<float> readPicture(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::string magic;
  int width = 0, height = 0, white = 0;
  std::vector<char> pixels(kSize * kSize);
  file >> magic >> width >> height >> white;
  file.ignore(1);
  file.read(pixels.data(), kSize * kSize);
  if (!file || magic != "P5" || width != kSize || height != kSize || white != 255)
    throw std::runtime_error(path + ": not a picture of 16x16 pixels");
  std::vector<float> image;
  for (char pixel : pixels)
    image.push_back(float(std::uint8_t(pixel)) / 255);
  return image;
}

} // namespace

int main(int argc, char **argv) try {
  nnc::Context context(digits_model);
  for (int i = 1; i < argc; ++i) {
    std::vector<float> image = readPicture(argv[i]);
    nnc::Outputs outputs = context.run({nnc::tensor(image, {1, 1, kSize, kSize})});
    const nnc::Tensor &scores = outputs[0];
    const float *best = std::max_element(scores.begin<float>(), scores.end<float>());
    std::printf("%s: %d (%.1f %%)\n", argv[i], int(best - scores.begin<float>()), 100 * double(*best));
  }
} catch (const std::exception &error) {
  std::fprintf(stderr, "classify: %s\n", error.what());
  return 1;
}
