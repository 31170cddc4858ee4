/* Reads a digit from each picture (PGM, 16x16, grey) named on the command line. */
#include "digits.h"

#include <stdio.h>

enum { SIZE = 16, CLASSES = 10 };

/* Reads the picture at `path`, 0 to 1, into `image`. Returns 0 if it is none. */
static int read_picture(const char *path, float image[SIZE * SIZE]) {
  unsigned char pixels[SIZE * SIZE];
  int width = 0, height = 0, white = 0;
  FILE *file = fopen(path, "rb");
  if (!file)
    return 0;
  int good = fscanf(file, "P5 %d %d %d", &width, &height, &white) == 3 && fgetc(file) != EOF && width == SIZE &&
             height == SIZE && white == 255 && fread(pixels, 1, sizeof pixels, file) == sizeof pixels;
  fclose(file);
  for (int i = 0; good && i < SIZE * SIZE; ++i)
    image[i] = (float)pixels[i] / 255;
  return good;
}

int main(int argc, char **argv) {
  nnc_context *ctx = NULL;
  if (nnc_create(&digits_model, NULL, &ctx) != NNC_OK) {
    fprintf(stderr, "this machine cannot run the model\n");
    return 1;
  }
  int status = 0;
  for (int i = 1; i < argc && status == 0; ++i) {
    float image[SIZE * SIZE], scores[CLASSES];
    if (!read_picture(argv[i], image)) {
      fprintf(stderr, "%s: not a picture of %dx%d pixels\n", argv[i], SIZE, SIZE);
      status = 1;
    } else if (digits_run(ctx, image, /*batch=*/1, scores) != NNC_OK) {
      fprintf(stderr, "%s: %s\n", argv[i], nnc_error(ctx));
      status = 1;
    } else {
      int best = 0;
      for (int digit = 1; digit < CLASSES; ++digit)
        if (scores[digit] > scores[best])
          best = digit;
      printf("%s: %d (%.1f %%)\n", argv[i], best, 100 * scores[best]);
    }
  }
  nnc_destroy(ctx);
  return status;
}
