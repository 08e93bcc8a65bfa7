/** Dates on the command line. */

/** The time a date covers, milliseconds since 1970, both ends included. */
export interface DateRange {
  readonly fromMs: number;
  readonly toMs: number;
}

const DAY = /^(\d{4})-(\d{2})-(\d{2})$/;
const INSTANT = /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$/;

/**
 * What `text` covers: `2026-01-31` the whole day in local time, an RFC 3339 time its second (or the millisecond, where
 * it has a fraction). Undefined when it is no such date, also when the day does not exist.
 */
export function parseDate(text: string): DateRange | undefined {
  const day = DAY.exec(text);
  if (day !== null) return dayRange(Number(day[1]), Number(day[2]), Number(day[3]));
  const instant = INSTANT.exec(text);
  if (instant === null || !isDay(Number(instant[1]), Number(instant[2]), Number(instant[3]))) {
    return undefined;
  }
  const fraction = instant[7];
  const fromMs = Date.parse(text.replace(" ", "T").toUpperCase());
  if (Number.isNaN(fromMs)) return undefined;
  return { fromMs, toMs: fraction === undefined ? fromMs + 999 : fromMs };
}

function dayRange(year: number, month: number, day: number): DateRange | undefined {
  if (!isDay(year, month, day)) return undefined;
  const next = localMidnight(year, month, day + 1);
  return { fromMs: localMidnight(year, month, day), toMs: next - 1 };
}

function isDay(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(2000, month - 1, day));
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

/** Years below 100 need the setter: the constructor takes them for 19xx. */
function localMidnight(year: number, month: number, day: number): number {
  const date = new Date(2000, 0, 1);
  date.setFullYear(year, month - 1, day);
  return date.getTime();
}
