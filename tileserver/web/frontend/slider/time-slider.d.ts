// The face of tileserver-time-slider.

import type { ControlPosition, IControl, Map, MapGeoJSONFeature, PointLike } from "maplibre-gl";

/** A calendar day as ISO text, `2023-11-09`: a local day of the map's theatre. */
export type Day = string;

/** What the slider says, to be said otherwise; `{day}` stands for a day. */
export interface TimeSliderWords {
  day: string;
  failed: string;
  loading: string;
  nextChange: string;
  nextDay: string;
  pause: string;
  play: string;
  previousChange: string;
  previousDay: string;
  time: string;
}

/** A TileJSON with the block that dates it, as the server writes it; what else it has is left alone. */
export interface TileJson {
  tiles: string[];
  minzoom?: number;
  maxzoom?: number;
  bounds?: [number, number, number, number];
  attribution?: string;
  vector_layers?: { id: string; role?: string }[];
  time?: {
    first_day: Day | null;
    last_day: Day | null;
    default?: Day | null;
    /** The address of the timeline that the chart is drawn from. */
    days?: string;
    /** `tiles` has `{period}` in it; `without` names the properties that history goes without, by layer. */
    history?: {
      tiles: string;
      periods: { id: string; first_day: Day; last_day: Day; first: number; end: number; open: boolean }[];
      without?: Record<string, string[]>;
    } | null;
  };
}

export interface TimeSliderOptions {
  /** The address of a TileJSON with a `time` block, `https://…/tilesets/ukraine`, or such a document itself. */
  tilejson: string | TileJson;
  /** The source of the style whose layers are dated; by default the one that has the tiles of the TileJSON. */
  source?: string;
  /** The day to begin at, or `latest`; by default the document's own. */
  day?: Day | "latest";
  /** A language tag; words are there in en, uk, ru, de and fr. By default the browser's. */
  language?: string;
  /** Words instead of the slider's own. */
  words?: Partial<TimeSliderWords>;
  /** By default as the reader's system is. */
  theme?: "auto" | "light" | "dark";
  /** Whether tiles of whole periods may be used, by which most steps need no request; true by default. */
  history?: boolean;
  /** Whether the chart of events and changes is read and drawn; true by default. */
  chart?: boolean;
  /** Milliseconds that a day stands at least while playing; 125 by default, 1,000 where less motion is asked for. */
  stepMs?: number;
}

/** The events of a slider, by `addEventListener`. */
export interface TimeSliderEvents {
  /** A day is on the map, whole, from this moment on. */
  change: CustomEvent<{ day: Day }>;
  /** How far the wanted day is; `shown` is the one on the map, empty where none is. */
  state: CustomEvent<{
    phase: "loading" | "ready" | "error";
    shown: Day | "";
    wanted: Day | "";
    playing: boolean;
  }>;
}

/** A control for MapLibre GL JS that draws the layers of one source as of a day. */
export class TimeSlider extends EventTarget implements IControl {
  constructor(options: TimeSliderOptions);
  onAdd(map: Map): HTMLElement;
  onRemove(): void;
  getDefaultPosition(): ControlPosition;
  /** The day on the map; empty where none is. */
  readonly day: Day | "";
  /** The first and the last day; null until they are known. */
  readonly span: { first: Day; last: Day } | null;
  readonly playing: boolean;
  /** The id of the source that is seen, for feature states and queries; empty where none is. */
  readonly source: string;
  theme: "auto" | "light" | "dark";
  /** Show a day, or the nearest that there is. Throws for what is no day. */
  go(day: Day): void;
  play(): void;
  pause(): void;
  /** What is drawn of these layers of the style at a point, or in a box, of the map on the shown day, the topmost first.
   *  MapLibre's own `queryRenderedFeatures` finds what other days have there, too. */
  features(where: PointLike | [PointLike, PointLike], layers: string[]): MapGeoJSONFeature[];
  /** The id under which a layer of the style is drawn at the moment; empty where none is. */
  layerId(layer: string): string;
  addEventListener<E extends keyof TimeSliderEvents>(
    type: E,
    listener: (event: TimeSliderEvents[E]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
}
