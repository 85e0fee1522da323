// Days are calendar days: they add, compare and print the same in every time zone and before 1970.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  addDays,
  addMonths,
  asOfWeekday,
  clampDay,
  dayText,
  daysBetween,
  format,
  instantText,
  isDay,
} from "../src/days";

test("a day that the calendar does not have is no day", () => {
  for (const text of ["2023-02-29", "2023-13-01", "2023-1-1", "", "latest", "2023-11-09T00:00"])
    assert.equal(isDay(text), false, text);
  for (const text of ["2024-02-29", "1944-06-06", "2038-01-20"]) assert.equal(isDay(text), true, text);
});

test("adding days and counting them are each other's inverse, also across the clock changes", () => {
  for (const [from, to, count] of [
    ["2023-10-28", "2023-10-30", 2],
    ["1944-06-06", "1945-05-08", 336],
    ["2038-01-18", "2038-01-20", 2],
  ] as const) {
    assert.equal(daysBetween(from, to), count);
    assert.equal(addDays(from, count), to);
    assert.equal(addDays(to, -count), from);
  }
});

test("a month on is the same day, or the last one of a shorter month", () => {
  assert.equal(addMonths("2024-01-31", 1), "2024-02-29");
  assert.equal(addMonths("2023-12-15", 1), "2024-01-15");
  assert.equal(addMonths("2024-03-31", -1), "2024-02-29");
});

test("a day outside the range becomes its nearer end", () => {
  assert.equal(clampDay("1999-01-01", "2023-10-01", "2023-11-30"), "2023-10-01");
  assert.equal(clampDay("2030-01-01", "2023-10-01", "2023-11-30"), "2023-11-30");
});

test("a day prints as that day in each language", () => {
  assert.equal(dayText("2023-11-09", "en"), "9 November 2023");
  assert.equal(dayText("2023-11-09", "de"), "9. November 2023");
});

test("a year has no word for year after it", () => {
  assert.equal(dayText("2023-11-09", "uk"), "9 листопада 2023");
  assert.equal(dayText("2023-11-09", "ru", "short"), "9 нояб. 2023");
  assert.equal(format("2023-11-09", "uk", { month: "short", year: "numeric" }), "лист. 2023");
  const at = Date.parse("2026-11-27T12:05:09Z");
  assert.match(instantText(at, "ru", "Europe/Kyiv"), /^27 нояб\. 2026, 14:05/);
});

test("a weekday after as of is in the accusative where the language has one", () => {
  const week = ["2023-11-08", "2023-11-09", "2023-11-10", "2023-11-12"]; // Wednesday, Thursday, Friday, Sunday
  const said = (language: string): string[] => week.map((day) => asOfWeekday(day, language));
  assert.deepEqual(said("uk"), ["середу", "четвер", "пʼятницю", "неділю"]);
  assert.deepEqual(said("ru"), ["среду", "четверг", "пятницу", "воскресенье"]);
  assert.deepEqual(said("en"), ["Wednesday", "Thursday", "Friday", "Sunday"]);
});
