// Gains are told in the server's sentences, add up over any days, and are drawn as the net of a week.

import assert from "node:assert/strict";
import { test } from "node:test";
import { dayAt } from "../src/brush";
import { addDays } from "../src/days";
import { Gains, GainsTeller, netOf } from "../src/gains";
import { rolling } from "../src/net_chart";
import shared from "./gains.json";
import { GAINS_WORDS } from "./spoken";

const gains = new Gains(shared.document);

test("every sentence is the server's, in every language", () => {
  for (const { day, language, lead, where } of shared.said) {
    const teller = new GainsTeller(gains, language, GAINS_WORDS[language]!);
    assert.deepEqual(
      { lead: teller.lead(day), where: teller.where(day) },
      { lead, where },
      `${day} ${language}`,
    );
  }
});

test("the net of some days is the sum of what each side gained on each, and what is only drawn anew is none", () => {
  const sum = gains.upTo(addDays(gains.first, 10), 10);
  for (const [side, own] of sum.sides.entries())
    assert.equal(
      netOf(own),
      gains.daily[side]!.slice(1, 11).reduce((one, other) => one + other, 0),
    );
  assert.equal(sum.redrawn[0]!.gained, 610); // of ten slivers
  const places = [...sum.places.values()].flatMap((own) => own.map(netOf));
  assert.deepEqual(places, sum.sides.map(netOf)); // there is but one direction
});

test("the chart has no value before a whole week is known, and then the net of the week", () => {
  const [side] = rolling(gains);
  assert.ok(side!.slice(0, 7).every(Number.isNaN));
  for (const day of [7, 12, 30])
    assert.equal(side![day], netOf(gains.upTo(addDays(gains.first, day), 7).sides[0]!));
});

test("a day that is not known, and one whose window begins before anything is, says nothing", () => {
  const teller = new GainsTeller(gains, "en", GAINS_WORDS["en"]!);
  for (const day of [gains.first, addDays(gains.first, -1), addDays(gains.last, 1)])
    assert.equal(teller.lead(day), "");
});

test("the day under the pointer keeps to the scale", () => {
  const span = { first: "2023-11-01", last: "2023-11-11" };
  assert.equal(dayAt(8, 116, span), "2023-11-01");
  assert.equal(dayAt(58, 116, span), "2023-11-06");
  assert.equal(dayAt(500, 116, span), "2023-11-11");
  assert.equal(dayAt(-50, 116, span), "2023-11-01");
});
