// The parts of the page by name, for whoever has to do with many of them.

import type { Map as MapLibre } from "maplibre-gl";
import type { Address } from "./address";
import type { Afterwards } from "./afterwards";
import type { Comparison } from "./comparison";
import type { DrawnNotes } from "./drawn_notes";
import type { GainsView } from "./gains_view";
import type { Legend } from "./legend";
import type { MapLook } from "./map_look";
import type { NoteNumbers } from "./note_numbers";
import type { Page } from "./page";
import type { Panel } from "./panel";
import type { Popups } from "./popup";
import type { RecentGains } from "./recent";
import type { Recovery } from "./recovery";
import type { TheatreLoader } from "./theatre";
import type { Travel } from "./travel";

/** The parts of the page. */
export interface Parts {
  page: Page;
  map: MapLibre;
  look: MapLook;
  panel: Panel;
  legend: Legend;
  afterwards: Afterwards;
  recovery: Recovery;
  travel: Travel;
  comparison: Comparison;
  recent: RecentGains;
  drawnNotes: DrawnNotes;
  numbers: NoteNumbers;
  popups: Popups;
  gains: GainsView;
  address: Address;
  loader: TheatreLoader;
}
