import assert from "node:assert/strict";
import { test } from "node:test";

import { AsGiven } from "../../dashboard/components/player/modules/asGiven.js";
import { Lines } from "../../dashboard/components/player/modules/lines.js";

// Every frame of the video passes here. Whoever asks for a size has the browser lay out the page that was just changed.
const unmeasured = (properties) =>
  new Proxy(
    { style: {}, ...properties },
    {
      get(target, name) {
        assert.ok(!/^(offset|client|scroll)(Width|Height|Left|Top)$|^getBoundingClientRect$/.test(String(name)), name);
        return target[name];
      },
    },
  );

test("a line moves without being measured", () => {
  const line = unmeasured();
  const panel = { left: 0, width: 100 };
  new Lines(line).at(12, { panels: [panel], x: (second) => 2 * second });
  assert.equal(line.style.transform, "translateX(calc(24px - 50%))");
  assert.equal(line.style.visibility, "visible");
});

test("a picture without a blur is not measured", () => {
  const canvas = unmeasured({ width: 240, height: 176 });
  AsGiven.prototype.filter.call({ canvas }, false, null);
  AsGiven.prototype.filter.call({ canvas }, true, null);
  assert.notEqual(canvas.style.filter, "");
});
