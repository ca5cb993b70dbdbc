// Pictures for the tests: photos that set-up fetched into the cache, what ffmpeg makes of them, and files that are
// wrong in one way each. No photo is part of the repository.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { crc32, deflateSync } from 'node:zlib';

import { cache } from './system.mjs';

const run = promisify(execFile);

/** Three people: who is in which file of the cache. */
export const photo = {
  first: join(cache, 'photos/obama.jpg'),
  firstAgain: join(cache, 'photos/obama2.jpg'),
  firstOnceMore: join(cache, 'photos/obama3.jpg'),
  firstCutOff: join(cache, 'photos/obama_partial_face.jpg'),
  second: join(cache, 'photos/biden.jpg'),
  third: join(cache, 'photos/astronaut.png'),
};

export const noPhotos = existsSync(photo.first) && existsSync(photo.third)
  ? false
  : `no sample photos in ${join(cache, 'photos')}`;

/** Runs ffmpeg on files and returns the picture that it writes. */
export async function ffmpeg(args, extension = 'jpg') {
  const folder = await mkdtemp(join(tmpdir(), 'attendance-picture-'));
  try {
    const out = join(folder, `out.${extension}`);
    await run('ffmpeg', ['-v', 'error', '-y', ...args, out]);
    return await readFile(out);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A photo as a camera would see it: 1280×720, letter-boxed. */
export const asFrame = (file, { width = 1280, height = 720 } = {}) => ffmpeg(['-i', file, '-frames:v', '1', '-q:v', '3', '-vf',
  `scale=${width}:${height}:force_original_aspect_ratio=decrease,pad=${width}:${height}:-1:-1:gray`]);

export const original = (file) => readFile(file);

/** A still picture as a fake camera for Chromium: it sways a little, as a person does. */
export async function asCamera(file, out, { width = 640, height = 480, fps = 15, seconds = 2 } = {}) {
  const w = width * 1.05;
  const h = height * 1.05;
  const sway = `crop=${width}:${height}:(iw-ow)/2*(1+sin(2*PI*n/${fps * seconds})):(ih-oh)/2`;
  await run('ffmpeg', ['-v', 'error', '-y', '-loop', '1', '-framerate', String(fps), '-i', file, '-t', String(seconds), '-vf',
    `scale=${w}:${h}:force_original_aspect_ratio=decrease,pad=${w}:${h}:-1:-1:gray,${sway}`,
    '-pix_fmt', 'yuv420p', '-f', 'yuv4mpegpipe', out]);
}

/** A clip as a fake camera. */
export const clipAsCamera = (file, out) =>
  run('ffmpeg', ['-v', 'error', '-y', '-i', file, '-pix_fmt', 'yuv420p', '-f', 'yuv4mpegpipe', out]);

/** The frame of a clip at a time, as JPEG. */
export const clipFrame = (file, seconds) => ffmpeg(['-ss', String(seconds), '-i', file, '-frames:v', '1', '-q:v', '2']);

function pngChunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const chunk = Buffer.alloc(8);
  chunk.writeUInt32BE(data.length, 0);
  chunk.writeUInt32BE(crc(body), 4);
  return Buffer.concat([chunk.subarray(0, 4), body, chunk.subarray(4)]);
}

// zlib.crc32 is there from Node 20.15 on.
function crc(bytes) {
  if (crc32) return crc32(bytes);
  let value = ~0;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit += 1) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  }
  return ~value >>> 0;
}

/** A PNG whose header says `width`×`height`, with the pixels of a grey picture unless `rows` says fewer. */
export function png(width, height, rows = height) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 0, 0, 0, 0], 8); // eight bits, grey
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    pngChunk('IHDR', header),
    pngChunk('IDAT', deflateSync(Buffer.alloc((width + 1) * rows))),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

/** A correct baseline JPEG in CMYK: every block has DC difference 0 and no AC, one bit each. */
export function cmykJpeg(width = 640, height = 480) {
  const segment = (marker, ...bytes) => Buffer.from([0xff, marker, (bytes.length + 2) >> 8, (bytes.length + 2) & 255, ...bytes]);
  const oneCode = (id) => segment(0xc4, id, 1, ...Array(15).fill(0), 0); // one code of one bit for symbol 0
  const blocks = Math.ceil(width / 8) * Math.ceil(height / 8);
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    segment(0xee, ...Buffer.from('Adobe'), 0, 100, 0, 0, 0, 0, 0), // transform 0: CMYK as it is
    segment(0xdb, 0, ...Array(64).fill(1)),
    segment(0xc0, 8, height >> 8, height & 255, width >> 8, width & 255, 4,
      ...[1, 2, 3, 4].flatMap((component) => [component, 0x11, 0])),
    oneCode(0x00),
    oneCode(0x10),
    segment(0xda, 4, ...[1, 2, 3, 4].flatMap((component) => [component, 0x00]), 0, 63, 0),
    Buffer.alloc(blocks), // 4 components × 2 bits of 0 make a byte a block
    Buffer.from([0xff, 0xd9]),
  ]);
}

/** Every file that is wrong, with the status that a frame of it gets. */
export async function wrongPictures() {
  const good = await asFrame(photo.first);
  return [
    { what: 'text', bytes: Buffer.from('this is no picture, whatever its type says\n'.repeat(50)), status: 415 },
    { what: 'an empty body', bytes: Buffer.alloc(0), status: [400, 415] },
    { what: 'a truncated JPEG', bytes: good.subarray(0, good.length / 2), status: 400 },
    { what: 'a truncated PNG', bytes: png(640, 480).subarray(0, 60), status: 400 },
    { what: 'a JPEG header alone', bytes: good.subarray(0, 20), status: 400 },
    { what: 'a 1×1 picture', bytes: png(1, 1), status: 422 },
    { what: 'a header that says 30,000×30,000', bytes: png(30_000, 30_000, 1), status: 413 },
    { what: 'a body of 50 MB', bytes: Buffer.concat([good, Buffer.alloc(50 * 1024 * 1024)]), status: 413 },
    { what: 'an animated GIF', bytes: await animation('gif'), status: 415 },
    { what: 'an animated WebP', bytes: await animation('webp'), status: 415 },
    { what: 'an animated PNG', bytes: await animation('apng'), status: 415 },
    { what: 'a CMYK JPEG', bytes: cmykJpeg(), status: 422 },
  ];
}

const animation = (kind) => ffmpeg(['-f', 'lavfi', '-i', 'testsrc=size=320x240:rate=5', '-t', '1',
  ...(kind === 'apng' ? ['-f', 'apng', '-plays', '0'] : []), ...(kind === 'webp' ? ['-c:v', 'libwebp_anim', '-loop', '0'] : [])],
kind === 'apng' ? 'png' : kind);
