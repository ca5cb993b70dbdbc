// 100 strangers walk past a camera that knows 40 people: nobody is taken for somebody else. The photos are research
// data that is not part of the repository.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { it } from 'node:test';

import { System, sharedData } from './support/system.mjs';

const folder = join(sharedData, 'pairs');
const skip = existsSync(join(folder, 'pairs.csv')) ? false : `no ${join('../shared/data', 'pairs')} beside the repository`;
const enrolled = 40;
const strangers = 100;

/** Who is in a picture: its name without number and folder. */
const identity = (file) => basename(file).replace(/\.[a-z]+$/i, '').replace(/_\d+$/, '');

it(`${strangers} strangers against ${enrolled} people`, { skip, timeout: 600_000 }, async (t) => {
  const rows = (await readFile(join(folder, 'pairs.csv'), 'utf8')).trim().split('\n').slice(1)
    .map((line) => line.trim().split(',')).map(([a, b, same]) => ({ a, b, same: /^(1|true|yes)$/i.test(same) }));
  const system = await System.start(t);
  const admin = await system.admin();

  const known = new Map();
  for (const { a, b } of rows.filter(({ same }) => same)) {
    if (known.size === enrolled) break;
    if (known.has(identity(a))) continue;
    const answer = await admin.createPerson({ name: identity(a), external_id: identity(a), consent: true }, [await readFile(join(folder, 'images', a))]);
    if (answer.status === 201) known.set(identity(a), { id: answer.json.id, other: b });
    else assert.ok([409, 422].includes(answer.status), answer.text);
  }
  assert.equal(known.size, enrolled, 'enough pictures that can be enrolled');

  // The pack's own threshold, and the one measured for the rate that the expectations below are worked out from.
  const { json: pack } = await admin.get('/api/v1/model');
  const measured = pack.operating_points.find(({ false_match_rate: rate }) => rate <= 1e-4);
  assert.ok(measured, 'the pack says which threshold lets one comparison in 10,000 through');

  const strict = await walkPast('default', {});
  assert.deepEqual(strict.mistaken, [], 'at the default threshold');

  const { mistaken, recognised } = await walkPast('measured', { threshold: measured.threshold });
  // 4,000 comparisons at a false match rate of at most 1e-4 make 0.4 mistakes to be expected.
  assert.ok(mistaken.length <= 1, mistaken.join('; '));
  assert.ok(recognised >= enrolled * 0.8, `${recognised} of ${enrolled}`);

  async function walkPast(name, demands) {
    const { json: feed } = await admin.post('/api/v1/feeds', { name, max_fps: 60, ...demands });
    const device = system.withToken(feed.token);
    const show = async (file, stream) => {
      const bytes = await readFile(join(folder, 'images', file));
      let face;
      for (let frame = 0; frame < 4; frame += 1) {
        const answer = await device.frame(feed.id, bytes, { 'x-stream': stream });
        assert.equal(answer.status, 200, answer.text);
        [face] = answer.json.faces;
      }
      return face;
    };

    const mistaken = [];
    const met = new Set();
    for (const file of rows.flatMap(({ a, b }) => [a, b])) {
      if (met.size === strangers) break;
      if (known.has(identity(file)) || met.has(identity(file))) continue;
      met.add(identity(file));
      const face = await show(file, `stranger-${met.size}`);
      if (face && face.state === 'known') mistaken.push(`${identity(file)} for ${face.person.name} (${face.similarity})`);
    }
    assert.equal(met.size, strangers);

    let recognised = 0;
    let index = 0;
    for (const [name, { id, other }] of known) {
      const face = await show(other, `known-${index += 1}`);
      if (face?.state !== 'known') continue;
      recognised += 1;
      assert.equal(face.person.id, id, `${name} was taken for ${face.person.name}`);
    }
    t.diagnostic(`${name}: ${mistaken.length} of ${strangers} strangers mistaken, ${recognised} of ${enrolled} known people recognised`);
    return { mistaken, recognised };
  }
});
