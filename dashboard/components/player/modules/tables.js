// Columns of numbers: fetched once by address, or sent along; made into one value for every frame.

const KEPT = 24; // tables whose expanded columns are kept, the newest first
const fetched = new Map(); // address and shape -> promise of its columns

async function download(place) {
  const answer = await fetch(new URL(place, document.baseURI));
  if (!answer.ok) throw new Error(`The numbers at ${place} could not be fetched: ${answer.status}`);
  return answer.arrayBuffer();
}

// The server works at clip ends; between them predictions are interpolated and gates are held, as in iaca.inference.
function expand(values, how, stride, count) {
  if (how === "frames" || stride === 1) return values;
  const frames = new Float32Array(count);
  const last = values.length - 1;
  for (let k = 0; k < count; k++) {
    const clip = Math.min(last, Math.floor(k / stride));
    const share = how === "linear" && clip < last ? (k - clip * stride) / stride : 0;
    frames[k] = share ? values[clip] + share * (values[clip + 1] - values[clip]) : values[clip];
  }
  return frames;
}

function keep(key, make) {
  const found = fetched.get(key) ?? make();
  fetched.delete(key);
  fetched.set(key, found);
  found.catch(() => fetched.delete(key));
  if (fetched.size > KEPT) fetched.delete(fetched.keys().next().value);
  return found;
}

// One float64 column, of a table that holds nothing else.
export function times([, , , , place]) {
  return keep(place, async () => new Float64Array(await download(place)));
}

// All columns of an update, by name.
export async function columns(data, count) {
  const parts = await Promise.all(
    data.tables.map(async ([names, how, stride, length, place]) => {
      if (data[place]) {
        const table = data[place];
        return names.map((name, i) => [name, expand(table.getChildAt(i).toArray(), how, stride, count)]);
      }
      const expanded = await keep([place, how, stride, count].join(), async () => {
        const content = await download(place);
        return names.map((_, i) => expand(new Float32Array(content, 4 * i * length, length), how, stride, count));
      });
      return names.map((name, i) => [name, expanded[i]]);
    }),
  );
  return Object.fromEntries(parts.flat());
}
