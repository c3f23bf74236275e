/*
 * Silero's network for 16 kHz (version 6 of silero-vad), one window of 512 samples at a time.
 *
 * Rules: it owns arithmetic alone; its weights come from outside, into `weights`, in the order of
 * engines/silero_weights.py; nothing is allocated. `make wasm` makes silero.wasm of it.
 *
 * The network, as the wheel's ONNX file and tinygrad_model.py have it: the spectrum of four frames, four convolutions, one
 * LSTM cell, one sigmoid. Every layer is rows of weights times one column of input, so that `dense` is all there is to
 * do; for a convolution the column is the three frames under its kernel, gathered.
 */

#define EXPORT(name) __attribute__((export_name(name)))

enum { WINDOW = 512, CONTEXT = 64, PAD = 64, FFT = 256, HOP = 128, BINS = 129, FRAMES = 4, WIDEST = 129, HIDDEN = 128 };

typedef float four __attribute__((vector_size(16), aligned(4)));

extern float exp_(float) __attribute__((import_module("env"), import_name("exp")));

static struct {
  float stft[2 * BINS][FFT];
  float w1[128][BINS * 3], b1[128];
  float w2[64][128 * 3], b2[64];
  float w3[64][64 * 3], b3[64];
  float w4[HIDDEN][64 * 3], b4[HIDDEN];
  float w_ih[4 * HIDDEN][HIDDEN], w_hh[4 * HIDDEN][HIDDEN], b_ih[4 * HIDDEN], b_hh[4 * HIDDEN];
  float w_out[HIDDEN], b_out;
} weights;
static float signal[CONTEXT + WINDOW + PAD];
static float hidden[HIDDEN], cell[HIDDEN];

/* Where the weights are to be put, and how many bytes they are. */
EXPORT("weights") void *weights_at(void) { return &weights; }
EXPORT("size") int weights_size(void) { return sizeof weights; }

/* Where the next window is to be written: 512 samples, -1 to 1. */
EXPORT("window") float *window(void) { return signal + CONTEXT; }

static float dot(const float *a, const float *b, int count) {
  four sum = {0, 0, 0, 0};
  int i = 0;
  for (; i + 4 <= count; i += 4) sum += *(const four *)(a + i) * *(const four *)(b + i);
  float whole = sum[0] + sum[1] + sum[2] + sum[3];
  for (; i < count; i++) whole += a[i] * b[i];
  return whole;
}

static void dense(float *out, int rows, const float *matrix, const float *in, int columns) {
  for (int row = 0; row < rows; row++) out[row] = dot(matrix + row * columns, in, columns);
}

/* Three frames wide, one frame of zeros at either end, negative becomes 0. Returns how many frames come out. */
static int convolve(float out[][WIDEST], int to, float in[][WIDEST], int from, int frames, int step, const float *matrix,
                    const float *bias) {
  float column[WIDEST * 3];
  int made = 0;
  for (int frame = 0; frame < frames; frame += step, made++) {
    for (int i = 0; i < from; i++)
      for (int k = 0; k < 3; k++) {
        int at = frame + k - 1;
        column[i * 3 + k] = at < 0 || at >= frames ? 0 : in[at][i];
      }
    dense(out[made], to, matrix, column, from * 3);
    for (int i = 0; i < to; i++) {
      float value = out[made][i] + bias[i];
      out[made][i] = value > 0 ? value : 0;
    }
  }
  return made;
}

static float sigmoid(float x) { return 1 / (1 + exp_(-x)); }
static float hyperbolic_tangent(float x) { return 2 * sigmoid(2 * x) - 1; }

/* How likely it is that somebody speaks in the window that has been written, 0 to 1. */
EXPORT("step") float step(void) {
  static float a[FRAMES][WIDEST], b[FRAMES][WIDEST];
  float spectrum[2 * BINS], gates[4 * HIDDEN], recurrent[4 * HIDDEN], likely = weights.b_out;

  float *end = signal + CONTEXT + WINDOW;
  for (int i = 0; i < PAD; i++) end[i] = end[-2 - i]; /* reflected */
  for (int frame = 0; frame < FRAMES; frame++) {
    dense(spectrum, 2 * BINS, &weights.stft[0][0], signal + frame * HOP, FFT);
    for (int bin = 0; bin < BINS; bin++) {
      float re = spectrum[bin], im = spectrum[BINS + bin];
      a[frame][bin] = __builtin_sqrtf(re * re + im * im);
    }
  }
  for (int i = 0; i < CONTEXT; i++) signal[i] = signal[WINDOW + i]; /* the next window sees the end of this one again */

  int frames = convolve(b, 128, a, BINS, FRAMES, 1, &weights.w1[0][0], weights.b1);
  frames = convolve(a, 64, b, 128, frames, 2, &weights.w2[0][0], weights.b2);
  frames = convolve(b, 64, a, 64, frames, 2, &weights.w3[0][0], weights.b3);
  convolve(a, HIDDEN, b, 64, frames, 1, &weights.w4[0][0], weights.b4);

  dense(gates, 4 * HIDDEN, &weights.w_ih[0][0], a[0], HIDDEN);
  dense(recurrent, 4 * HIDDEN, &weights.w_hh[0][0], hidden, HIDDEN);
  for (int i = 0; i < 4 * HIDDEN; i++) gates[i] += recurrent[i] + weights.b_ih[i] + weights.b_hh[i];
  for (int i = 0; i < HIDDEN; i++) {
    float in = sigmoid(gates[i]), forget = sigmoid(gates[HIDDEN + i]);
    float fresh = hyperbolic_tangent(gates[2 * HIDDEN + i]), out = sigmoid(gates[3 * HIDDEN + i]);
    cell[i] = forget * cell[i] + in * fresh;
    hidden[i] = out * hyperbolic_tangent(cell[i]);
    if (hidden[i] > 0) likely += weights.w_out[i] * hidden[i];
  }
  return sigmoid(likely);
}
