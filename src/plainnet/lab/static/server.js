// Questions and orders to the server, and its stream of frames.

export class Refused extends Error {}

async function answer(response) {
  if (response.ok) return response.json();
  let sentence = response.statusText;
  try {
    sentence = (await response.json()).error;
  } catch {}
  throw new Refused(sentence);
}

export async function ask(path, query = {}) {
  return answer(await fetch(`${path}?${new URLSearchParams(query)}`));
}

export async function order(path, body) {
  const headers = { "Content-Type": "application/json" };
  return answer(await fetch(path, { method: "POST", headers, body: JSON.stringify(body) }));
}

/** Send a file, as it is. */
export async function send(path, file, type = file.type) {
  return answer(await fetch(path, { method: "POST", headers: { "Content-Type": type }, body: file }));
}

const KINDS = { float32: Float32Array, float64: Float64Array, uint8: Uint8Array, int32: Int32Array };

/** Read a frame: a header of JSON, then arrays, each at a multiple of eight bytes. */
export function unpack(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const frame = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const arrays = {};
  for (const [name, [kind, shape, at]] of Object.entries(frame.arrays)) {
    const size = shape.reduce((a, b) => a * b, 1);
    arrays[name] = new KINDS[kind](buffer, 4 + length + at, size);
    arrays[name].shape = shape;
  }
  return { ...frame, arrays };
}

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const drawn = () => new Promise((done) => requestAnimationFrame(done));

/** Ask for the next frame whenever the last one is drawn; a hidden page asks for none. */
export async function watch(draw, lost) {
  const known = { after: 0, run: 0, revision: -1, since: 0 };
  for (;;) {
    while (document.body.dataset.view !== "points") await pause(200);
    try {
      const response = await fetch(`/api/points/frame?${new URLSearchParams(known)}`);
      if (response.status === 204) continue;
      if (!response.ok) throw new Refused(response.statusText);
      const frame = unpack(await response.arrayBuffer());
      await drawn();
      draw(frame, frame.run !== known.run);
      Object.assign(known, { after: frame.number, run: frame.run, revision: frame.revision });
      known.since = frame.position[0];
      lost(false);
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof Refused)) throw error;
      lost(true);
      await pause(1000);
      known.run = known.after = 0; // perhaps another server: all of it again
    }
  }
}
