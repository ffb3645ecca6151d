import assert from "node:assert/strict";
import { test } from "node:test";

import { crowdedKinds, ROOM_PX } from "../../dashboard/components/player/modules/bands.js";
import { cases } from "./cases.js";

for (const { case: name, view, room, bands, crowded } of cases("crowding")) {
  test(`crowded bands: ${name}`, () => {
    assert.deepEqual([...crowdedKinds(bands, view, room * ROOM_PX)], crowded);
  });
}
