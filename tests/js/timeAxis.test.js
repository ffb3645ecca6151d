import assert from "node:assert/strict";
import { test } from "node:test";

import {
  framesIn,
  innerWidth,
  LEFT,
  panelAt,
  panelsOf,
  secondAt,
  ticksOf,
  xOf,
} from "../../dashboard/components/player/modules/timeAxis.js";

test("ticks are round seconds inside the view", () => {
  assert.deepEqual(
    ticksOf([0, 60], 700).map(([, label]) => label),
    ["0", "10", "20", "30", "40", "50", "60"],
  );
  for (const [second] of ticksOf([3.3, 9.9], 600)) assert.ok(second >= 3.3 && second <= 9.9);
});

test("labels have room, and digits as far as they are needed", () => {
  for (const span of [1e-3, 0.5, 1, 7, 60, 3600]) {
    for (const width of [80, 300, 1000]) {
      const ticks = ticksOf([10, 10 + span], width);
      const [a, b] = ticks.map(([second]) => second);
      if (b !== undefined) assert.ok(((b - a) / span) * width >= 90 - 1e-6);
      assert.equal(new Set(ticks.map(([, label]) => label)).size, ticks.length);
      for (const [second, label] of ticks) assert.ok(Math.abs(Number(label) - second) < 1e-9);
    }
  }
});

test("panels share the width evenly and do not overlap", () => {
  const [only] = panelsOf([null], 1000);
  assert.deepEqual(only, { model: null, left: LEFT, width: innerWidth(1000) });
  const [first, second] = panelsOf([0, 1], 1000);
  assert.equal(first.width, second.width);
  assert.ok(first.left + first.width < second.left);
  assert.ok(Math.abs(second.left + second.width - (LEFT + innerWidth(1000))) < 1e-9);
});

test("seconds lead to pixels and back in every panel", () => {
  const panels = panelsOf([0, 1], 1000);
  for (const panel of panels) {
    for (const second of [5, 7.25, 12]) {
      assert.ok(Math.abs(secondAt(xOf(second, [5, 12], panel), [5, 12], panels) - second) < 1e-9);
    }
  }
});

test("beside the panels there is no other second than those in view", () => {
  const panels = panelsOf([null], 1000);
  assert.equal(secondAt(-100, [5, 12], panels), 5);
  assert.equal(secondAt(5000, [5, 12], panels), 12);
});

test("between two panels the nearest one counts", () => {
  const panels = panelsOf([0, 1], 1000);
  const end = panels[0].left + panels[0].width;
  assert.equal(secondAt(end + 1, [5, 12], panels), 12);
  assert.equal(secondAt(panels[1].left - 1, [5, 12], panels), 5);
});

test("frames in view have a neighbour at either end", () => {
  const times = Float64Array.from({ length: 100 }, (_, k) => k / 10);
  assert.deepEqual(framesIn(times, [2.05, 3.05]), [20, 31]);
  assert.deepEqual(framesIn(times, [0, 9.9]), [0, 99]);
  assert.deepEqual(framesIn(Float64Array.of(0), [0, 1]), [0, 0]);
});

test("a panel is found where it is, and none between two or beside them", () => {
  const panels = panelsOf([0, 1], 800);
  assert.equal(panelAt(panels[1].left + 1, panels), panels[1]);
  assert.equal(panelAt(panels[1].left - 10, panels), undefined);
  assert.equal(panelAt(LEFT - 1, panels), undefined);
});
