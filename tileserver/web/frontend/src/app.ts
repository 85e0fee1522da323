// The page as a whole: the wiring of its parts. A step of the slider is drawn so:
//
//   timebar.ts         key() -> wish()           a key, a button, the slider, the date field: the day that is meant
//   travel.ts          travel() -> wish()        the reader moves through time: the day is wished for
//   dayqueue.ts        want()                    now if it can be, else after the day that is being prepared
//   periods_on_map.ts  instantly() -> reveal()   the period of the day is in the map: show it; if it is not,
//                      prepare() -> load()       load source, style layers and notes unseen, then reveal()
//   period_layers.ts   reveal() -> become()      from the day drawn before to this one, in one frame:
//   periods.ts           between()                 the features that begin or end in between
//   period_layers.ts     set()                     map.setFeatureState({ source, sourceLayer, id }, { on })
//   style_layers.ts      onState()                 the paint of every layer, which asks for `on`
//   visit.ts           onDay()                   in the same moment: date, summary, notes, comparison, address
//   travel.ts          onProgress()              slider, play button, the line over the map

import { Address, type Link } from "./address"; // the link, in and out
import { Afterwards, LegendAmounts } from "./afterwards"; // what follows a day that has stood for a while
import { keepClear } from "./clearance"; // names keep off the marks
import { Comparison } from "./comparison"; // what changed hands between two days
import { groundOf } from "./ground"; // land, water, borders, names
import { Legend } from "./legend"; // what is on the map, how much of it, and the switches
import { GainsView } from "./gains_view"; // who gained and lost what
import { EventTool } from "./event_tool"; // the list of events, and the popup that a link opens
import { cameraOn, clearOf } from "./camera"; // where it looks at first
import { createMap } from "./map"; // MapLibre's map
import { MapLook } from "./map_look"; // base map and small images, in one theme
import { NoteNumbers } from "./note_numbers"; // numbers that keep off each other, and off events
import { NamedPlacesOnMap } from "./named_places"; // villages of the desk and of the data
import { lookForNews } from "./news"; // what was published meanwhile
import { Page } from "./page"; // theme, dress, the line over the map
import { Panel } from "./panel"; // the card: date, summary, notes
import { answerClicks } from "./popup"; // what lies under a click
import { keepForPrint } from "./print"; // the map on paper
import { DrawnNotes } from "./drawn_notes"; // the words and arrows of notes
import { drawn, later } from "./loading"; // when all of it is on the screen
import { RecentGains } from "./recent"; // what changed hands a few days before the shown one
import { Recovery } from "./recovery"; // a lost context, an ended worker
import type { Place } from "./place_index";
import { Ruler } from "./ruler"; // a distance between points
import { addSearch } from "./search"; // places and coordinates
import type { GainsWords } from "./gains";
import type { Say } from "./texts"; // words in the reader's language
import { addHelp } from "./help"; // every key
import { addShare } from "./share"; // a link, and the code of an embed
import { TheatreLoader, type Opened } from "./theatre"; // everything the server says of a theatre
import { Tools } from "./tools"; // buttons at the edge of the map, and the sheet beside it
import { Travel } from "./travel"; // from a wished day to a shown one: queue, periods, slider, player
import { Visit } from "./visit"; // what happens, and what follows from it

const TO_NEWEST = "M4 4.5 10 10l-6 5.5M10 4.5 16 10l-6 5.5M17.5 4v12"; // an icon, see `Tool`

/** A language, and what is said in it. */
export interface Spoken {
  language: string;
  say: Say;
  gains: GainsWords;
}

/** Build the reader's map, or an embed, and open what the link names, which is being read. Rejects where the browser has
 *  no WebGL 2. */
export async function startPage(
  link: Link,
  { language, say, gains: words }: Spoken,
  ahead: Promise<Opened>,
): Promise<void> {
  const ground = await groundOf(document.documentElement);
  const page = new Page(link, {
    say,
    onTheatre: (id) => visit.chooseTheatre(id),
    onTheme: () => {
      visit.changeTheme();
      named.draw();
    },
  });
  const first = later(); // settles once the first day is drawn, or could not be had
  const style = ground.style(page.theme, language);
  const drawnGround = { style, nearest: ground.nearest, isCoarse: ground.isCoarse };
  const camera = link.camera ?? (page.centre && cameraOn(page.centre, clearOf()));
  const map = createMap(drawnGround, camera, page.embedded, language, say, first.promise);
  ground.watch(map);
  const styled = map.once("style.load");
  const recovery = new Recovery({
    map,
    say,
    onLost: () => visit.onLost(),
    onRestored: () => look.restyle(),
    onStopped: (stopped) => (stopped ? (page.state = "stopped") : travel.report()),
    onRestart: () => visit.restart(),
  });
  const travel = new Travel({
    map,
    page,
    language,
    say,
    drawable: () => recovery.drawable(),
    isLost: () => recovery.isLost,
    hasStopped: () => recovery.hasStopped,
    onDay: (day, notes, entry) => {
      const { source, notesLayer: layer, fewEvents } = travel.periods;
      if (numbers.onDay({ source, layer, fewEvents, notes: layer ? notes : [] })) clear.soon();
      visit.onDay(day, notes, entry);
    },
    onFailure: () => visit.readAgain(),
    onWindow: (from, to) => visit.compareDays(from, to),
    told: (day) => visit.answers.told(day),
    onEnd: () => first.settle(),
  });
  const address = new Address({
    bar: window,
    embedded: page.embedded,
    now: () => performance.now(),
    place: () => visit.answers.place(),
    onFollow: (followed) => visit.follow(followed),
  });
  const loader = new TheatreLoader({
    ahead,
    drawable: () => Promise.all([styled, recovery.drawable()]),
    onOpen: (open, catalogue) => {
      visit.onOpen(open, catalogue);
      void named.open(open.theatre.id);
    },
    onFailure: (nothing) => {
      first.settle();
      visit.onOffline(nothing);
    },
  });
  const named = new NamedPlacesOnMap(map, language, () => page.theme);
  const comparison = new Comparison({ map, language, say, onChoice: (day) => visit.compare(day) });
  const gains = new GainsView({
    language,
    say,
    words,
    onGains: (known) => {
      travel.setGains(known);
      visit.onGains();
    },
    onWindow: (from, to) => visit.compareDays(from, to),
  });
  const popups = answerClicks(map, {
    context: () => (ruler.isOn ? null : visit.answers.clickContext()),
    onTurn: (key) => visit.openEvent(key),
    onPoint: (keys) => events.point(keys),
  });
  const events = new EventTool({
    map,
    language,
    say,
    popups: () => popups,
    context: () => visit.answers.eventContext(),
    onChoice: (choice) => visit.chooseEvents(choice),
    onAway: (why) => page.hint(why),
    makeWay: () => {
      page.makeWay();
      if (matchMedia("(max-width: 640px)").matches) tools.sheet.close();
    },
  });
  const look = new MapLook(map, ground, language, page.theme);
  const panel = new Panel(language, say, ground.credit);
  const legend = new Legend(language, say, (name) => visit.switch(name));
  const recent = new RecentGains({
    map,
    legend,
    language,
    shownSource: () => travel.periods.source,
    onMissing: (missing) => page.remark(missing ? say("recentMissing") : ""),
  });
  const drawnNotes = new DrawnNotes(map, language, () => travel.periods.layerIds("events"));
  const numbers = new NoteNumbers(map);
  const afterwards = new Afterwards(
    [new LegendAmounts(legend, language), recent, drawnNotes, events],
    () => travel.stands(),
    () => drawn(map),
  );
  const parts = {
    page,
    map,
    look,
    panel,
    legend,
    afterwards,
    recent,
    drawnNotes,
    numbers,
    recovery,
    travel,
    comparison,
    popups,
    gains,
    address,
    loader,
  };
  const visit = new Visit(link, language, say, parts);
  const tools = new Tools(say); // tools stand in this order
  tools.add(events.tool);
  tools.add({ id: "newest", icon: TO_NEWEST, label: say("toNewest"), key: "n", act: () => visit.toNewest() });
  const more = (): Place[] => [...named.all, ...visit.answers.directions()];
  addSearch({ map, tools, language, say, more, makeWay: () => page.makeWay() });
  const ruler = new Ruler(map, tools, language, say);
  addShare(tools, language, say, () => visit.answers.shared());
  addHelp(tools, say);
  keepForPrint(map);
  const clear = keepClear(map, {
    events: () => travel.periods.layerIds("events"),
    isLost: () => recovery.isLost,
    areCrowded: () => numbers.areCrowded,
    dated: () => travel.periods.mayBeSeen,
    notes: (happened, cities) => numbers.place(visit.answers.numbered(), happened, cities),
  });
  map.on("moveend", () => address.write("replace"));
  Object.assign(window, { tileserverMap: map, tileserverShownSource: () => travel.periods.source });
  lookForNews(() => visit.lookForNews());
  visit.start();
}
