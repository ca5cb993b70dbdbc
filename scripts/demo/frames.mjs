// Turns a photo into the frames of a camera that somebody steps in front of: the picture comes nearer, sways and
// goes again. Plain JavaScript, so that the demo needs no video tools.

import { readFile } from 'node:fs/promises';

import jpeg from 'jpeg-js';
import { PNG } from 'pngjs';

const width = 640;
const height = 480;
const background = 150;

async function decode(file) {
  const bytes = await readFile(file);
  return file.endsWith('.png') ? PNG.sync.read(bytes) : jpeg.decode(bytes, { useTArray: true, maxMemoryUsageInMB: 512 });
}

/** Halves a picture until it is at most twice as large as what is drawn, so that sampling it does not flicker. */
function shrink(image, most) {
  let { data, width: w, height: h } = image;
  while (w > most * 2 || h > most * 2) {
    const half = { w: w >> 1, h: h >> 1 };
    const out = new Uint8Array(half.w * half.h * 4);
    for (let y = 0; y < half.h; y += 1) {
      for (let x = 0; x < half.w; x += 1) {
        for (let c = 0; c < 3; c += 1) {
          const at = (y * 2 * w + x * 2) * 4 + c;
          out[(y * half.w + x) * 4 + c] = (data[at] + data[at + 4] + data[at + w * 4] + data[at + w * 4 + 4]) >> 2;
        }
      }
    }
    data = out;
    ({ w, h } = half);
  }
  return { data, width: w, height: h };
}

/** Draws the picture with its middle at (`cx`, `cy`), `scale` output pixels per picture pixel. */
function draw(image, cx, cy, scale) {
  const out = Buffer.alloc(width * height * 4, background);
  for (let y = 0; y < height; y += 1) {
    const sy = (y - cy) / scale + image.height / 2;
    if (sy < 0 || sy >= image.height - 1) continue;
    const y0 = Math.floor(sy);
    const fy = sy - y0;
    for (let x = 0; x < width; x += 1) {
      const sx = (x - cx) / scale + image.width / 2;
      if (sx < 0 || sx >= image.width - 1) continue;
      const x0 = Math.floor(sx);
      const fx = sx - x0;
      const at = (y0 * image.width + x0) * 4;
      const below = at + image.width * 4;
      for (let c = 0; c < 3; c += 1) {
        const top = image.data[at + c] * (1 - fx) + image.data[at + 4 + c] * fx;
        const bottom = image.data[below + c] * (1 - fx) + image.data[below + 4 + c] * fx;
        out[(y * width + x) * 4 + c] = top * (1 - fy) + bottom * fy;
      }
    }
  }
  return jpeg.encode({ data: out, width, height }, 82).data;
}

/**
 * `count` JPEG frames of a photo. `focus` says where the face is: `x`, `y` as fractions of the photo, and `zoom`, how
 * much wider than the frame the photo is drawn.
 */
export async function framesOf(file, { x, y, zoom }, count) {
  const image = shrink(await decode(file), width * zoom);
  const fill = (width / image.width) * zoom;
  return Array.from({ length: count }, (_, index) => {
    const turn = (index / count) * 2 * Math.PI;
    const scale = fill * (1 + 0.06 * (1 - Math.cos(turn)));
    // The face hangs a little above the middle and sways around it.
    const cx = width / 2 + 40 * Math.sin(turn) - (x - 0.5) * image.width * scale;
    const cy = height * 0.45 + 10 * Math.sin(turn * 2) - (y - 0.5) * image.height * scale;
    return draw(image, cx, cy, scale);
  });
}

/** A frame with nobody in it. */
export function emptyFrame() {
  return jpeg.encode({ data: Buffer.alloc(width * height * 4, background), width, height }, 82).data;
}
