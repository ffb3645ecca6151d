// What Python sends to the browser, and what the components of a page tell each other.

/** A colour for light pages and one for dark pages, or the colour of the page's text. */
export type Colour = readonly [light: string, dark: string] | "text";

/** First and last frame. */
export type FrameRange = [first: number, last: number];

/** Start and end, in seconds. */
export type Span = [start: number, end: number];

/** Index of a model among those shown; null for all of them. */
export type ModelIndex = number | null;

export interface Curve {
  name: string;
  column: string;
  colour: Colour;
  /** "solid", "dot", or lengths of dashes and gaps in px, as in "5px,3px". */
  dash: string;
  width: number;
  opacity: number;
  /** "" for a line; otherwise a weight that is stacked, the first of its stack or on top of those before it. */
  stack: "" | "first" | "next";
  fill: number;
  /** Whether what is filled is dotted. */
  dotted: boolean;
  legend: boolean;
  model: ModelIndex;
  /** A column that is subtracted. */
  minus: string | null;
  /** A column down to which a line is filled; null for zero. */
  floor: string | null;
}

export interface Row {
  key: string;
  title: string;
  unit: string;
  help: string;
  range: [low: number, high: number];
  ticks: number[];
  height: number;
  traces: Curve[];
  kind: "curves" | "waveform" | "spectrogram";
  /** Rows of one slot, of different models, stand side by side; "" for the key. */
  slot: string;
  model: ModelIndex;
  hidden: boolean;
  /** Of what is drawn from the sound; curves have their own. */
  colour: Colour;
}

export interface Band {
  kind: string;
  label: string;
  spans: Span[];
  colour: Colour;
  opacity: number;
  hatched: boolean;
  rows: string[] | null;
  lane: string | null;
  help: string;
  /** A letter in the lane, a second code beside the colour; "" for none. */
  code: string;
  /** Of the lane's height. */
  part: "whole" | "upper" | "lower";
}

export interface Point {
  name: string;
  valence: string;
  arousal: string;
  colour: Colour;
  /** Of its shape, beside a circle of radius 1; none for the circle itself. */
  corners: readonly [x: number, y: number][];
  model: ModelIndex;
  /** Of valence and arousal, as shown and before any change; none for the truth. */
  ccc: [now: number | null, before: number | null][];
}

export interface Spec {
  subject: string;
  rows: Row[];
  bands: Band[];
  lanes: string[];
  /** The truth, then one for each model. */
  points: Point[];
  models: string[];
  gates_of: string | null;
  /** Frames with an annotation. */
  annotated: number;
}

export interface Mark {
  second: number;
  kind: string;
  label: string;
  colour: Colour;
}

/** How values at clip ends become one value a frame: interpolated, or held until the next one. */
export type Filling = "frames" | "linear" | "held";

export type Table = [columns: string[], how: Filling, stride: number, length: number, place: string];

/** The part of an Arrow table that the components read. */
export interface ArrowTable {
  schema: { fields: { name: string }[] };
  getChildAt(index: number): { toArray(): Float32Array | Float64Array } | null;
}

/** One value a frame, by name. */
export type Columns = Partial<Record<string, Float32Array>>;

/** Spans of frames of which every value is known; in between, those of a pixel stand for all. Null where all are known. */
export type Exact = FrameRange[] | null;

/** What the models get in place of the recording, beside the clips that bands say are dropped. */
export interface Given {
  noise: { sound: string; kind: string; snr_db: number; span: Span } | null;
  /** In pixels of the 112-pixel crop, and the side of that crop in pixels of the video; null where it is not known. */
  blur: { sd_px: number; crop_side_px: number | null; span: Span } | null;
}

export interface PlayerData {
  modules: string;
  spec: Spec;
  video: string | null;
  sound: string | null;
  clock: [pts: Table, media: Table];
  tables: Table[];
  marks: Mark[];
  seek: [token: string, second: number] | null;
  start: { frame: number | null; range: FrameRange | null };
  follows: boolean;
  /** Where steps of the live controls are asked for, and the values of the controls; none in a notebook. */
  steps: { address: string; values: Record<string, string> } | null;
  /** How the video is played where it shall be heard and seen as the models get it. */
  given?: Given | null;
  /** Of a step of a live control; the page itself sends every value. */
  exact?: Exact;
  /** None in a notebook. */
  what_if: WhatIfState | null;
  /** Tables that travel in the update itself. */
  [live: `live_${number}`]: ArrowTable;
}

/** Name of what is asked for in What if, and token of the last such state that the player asked for and got. */
export interface WhatIfState {
  name: string;
  token: string | null;
}

/** What the player reports to Python, where the key of the state is "place". */
export interface Report {
  subject: string;
  frame: number;
  range: FrameRange | null;
}

export interface AttentionAxis {
  title: string;
  labels: string[];
  spans: (Span | null)[];
  divide: number | null;
}

export interface AttentionPanel {
  title: string;
  /** Rows and columns of the values. */
  values: [rows: number, columns: number];
  rows: AttentionAxis;
  columns: AttentionAxis;
  heard: "rows" | "columns" | "";
  seen_s: (number | null)[];
  here: number | null;
}

export interface AttentionData {
  panels: AttentionPanel[];
  limits: [low: number, high: number];
  video: string | null;
  /** Colours from one limit to the other at even steps, as #rrggbb. */
  ramp: string[];
  [values: `values_${number}`]: ArrowTable;
}

export interface DiagramData {
  weights: ArrowTable;
  subject: string;
  colours: Record<string, Exclude<Colour, "text">>;
}

export interface MomentEntry {
  subject: string;
  second: number;
  time: string;
  kind: string;
  value: string;
  sentence: string;
  colour: Colour;
  /** Where kinds are listed one after the other, what their value is; else "". */
  size: string;
}

export interface MomentData {
  entries: MomentEntry[];
  with_subjects: boolean;
}

export interface NoteEntry {
  id: number;
  second: number;
  time: string;
  text: string;
}

export interface ViewEntry {
  id: number;
  name: string;
  /** Parameters of the page that opens it. */
  address: string;
}

export interface NoteData {
  notes: NoteEntry[];
  views: ViewEntry[];
  /** What came of the last wish, or "". */
  said: string;
}

export interface TourStep {
  target: string;
  title: string;
  text: string;
}

export interface TourData {
  steps: TourStep[];
  asked: number;
}

/** What Streamlit hands to the function that a component exports. */
export interface Component<Data> {
  data: Data;
  /** The component's own HTML: in a shadow root, unless its styles are not isolated. */
  parentElement: HTMLElement | ShadowRoot;
  setStateValue(name: string, value: unknown): void;
  setTriggerValue(name: string, value: unknown): void;
}

/**
 * Where the player stands. It is published whenever it changes, as the event "iaca-place" of the document; the last one
 * is kept in `window.iacaPlace` for components that are mounted later.
 */
export interface Place {
  subject: string;
  /** Whose picture is shown. */
  frame: number;
  /** Its time. */
  second: number;
  range: FrameRange | null;
  /** How the user arranged the rows, as the address names it; "" for the page's own arrangement. */
  arrangement: string;
  /** Keys of the rows that are shown, from above, with their heights in print, px. */
  rows: readonly [key: string, height: number][];
}

declare global {
  interface Window {
    iacaPlace?: Place | undefined;
    /** What this visit has been shown of the tour. */
    iacaTour?: { asked: number; begun: boolean; step: number | null };
  }
  interface DocumentEventMap {
    "iaca-place": CustomEvent<Place>;
    /** Asks the player to scroll itself into view. */
    "iaca-show-player": Event;
  }
}
