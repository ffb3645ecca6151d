import assert from "node:assert/strict";
import { test } from "node:test";

import { WhatIf } from "../../dashboard/components/player/modules/whatIf.js";

test("a restored state holds at once, and runs that began before do not change it", () => {
  const asked = [];
  const whatIf = new WhatIf((wanted) => asked.push(wanted));
  assert.equal(whatIf.name, null);
  whatIf.take({ name: "a", token: null });
  whatIf.take({ name: "b", token: null });
  whatIf.restore("a");
  assert.equal(whatIf.name, "a");
  whatIf.take({ name: "b", token: null });
  assert.equal(whatIf.name, "a");
  whatIf.take({ name: "a", token: asked[0].token });
  whatIf.take({ name: "c", token: asked[0].token });
  assert.equal(whatIf.name, "c");
});

test("what the page says after it was asked holds, also if it is something else", () => {
  const asked = [];
  const whatIf = new WhatIf((wanted) => asked.push(wanted));
  whatIf.take({ name: "a", token: null });
  whatIf.restore("lost");
  whatIf.take({ name: "a", token: asked[0].token });
  assert.equal(whatIf.name, "a");
});

test("in a notebook there is nothing to restore", () => {
  const whatIf = new WhatIf(() => assert.fail());
  whatIf.take(null);
  assert.equal(whatIf.name, null);
});
