/** Texts that would drive a terminal, break a line or a document, or look like something else. */

const ESC = "\u001b";

/** Sequences that terminals act on, each as the middle of a text. */
const SEQUENCES: readonly string[] = [
  ...[
    "2J",
    "31m",
    "H",
    "999;999H",
    "?1049h",
    "?25l",
    "6n",
    "c",
    ">c",
    "5i",
    "4i",
    "20l",
    "s",
    "u",
    "1;1r",
    "!p",
  ].map(
    (end) => `${ESC}[${end}`,
  ),
  ...[
    "0;title",
    "1;icon",
    "2;both",
    "4;1;?",
    "7;file:///x",
    "8;;http://x",
    "9;notify",
    "10;?",
    "11;?",
    "52;c;ZXZpbA==",
    "52;p;?",
    "133;A",
    "777;notify;a;b",
    "1337;File=inline=1:AAAA",
    "1337;SetMark",
  ]
    .flatMap((body) => [`${ESC}]${body}\u0007`, `${ESC}]${body}${ESC}\\`, `\u009d${body}\u009c`]),
  ...["P1$r", "P+q544e", "X sos", "^ pm", "_ apc", "_Gf=100;AAAA"].map((body) => `${ESC}${body}${ESC}\\`),
  ...["c", "7", "8", "D", "E", "M", "H", "N", "O", "Z", "=", ">", "#8", "(0", "%G"].map((end) => ESC + end),
  "\u009b31m",
  "\u009b2J",
  "\u0090q\u009c",
  "\u0084\u0085\u0088",
];

/** Characters that move, hide or turn what is printed. */
const CHARACTERS: readonly string[] = [
  ...Array.from({ length: 32 }, (_, code) => code).filter((code) => code > 0).map((code) =>
    String.fromCharCode(code)
  ),
  ...Array.from({ length: 33 }, (_, n) => String.fromCharCode(0x7f + n)),
  ..."\u00ad\u0600\u061c\u06dd\u070f\u180e\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e"
    .split(""),
  ..."\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\u206a\u206f\ufeff\ufff9\ufffa\ufffb".split(""),
  ...["\u{e0001}", "\u{e0020}", "\u{e0041}", "\u{e007f}", "\u{110bd}", "\u{1d173}", "\u{13430}"],
];

/** Whole texts that have done harm somewhere. */
const TEXTS: readonly string[] = [
  "back\b\b\b\bspace",
  "over\rwritten",
  "two\nlines\tand a tab",
  "crlf\r\nend",
  "right\u202eleft\u202c",
  "exe\u202etxt.gpj",
  "iso\u2066late\u2069",
  "tags\u{e0041}\u{e0042}\u{e007f}",
  "__proto__",
  "constructor",
  "toString",
  "'\"`$(exit 7)",
  "%s%n%d{}{0}{{x}}",
  "=1+1",
  "@SUM(A1)",
  "<script>alert(1)</script>",
  '{"a":1}',
  "null",
  "\\u001b[31m",
  "\\",
  "ẓ̶̌̕a̴l̷g̸o".repeat(20),
  "很宽的名字".repeat(30),
  "👩‍👩‍👧🏳️‍🌈",
  "x".repeat(5000),
  " ",
  "-",
  "--apply",
];

/** Every text; at least two hundred. The ones that are not well-formed cannot stand in a file name or in TOML. */
export const HOSTILE: readonly string[] = [
  ...SEQUENCES.map((sequence) => `a${sequence}b`),
  ...CHARACTERS.map((character) => `a${character}b`),
  ...TEXTS,
  "nul\u0000inside",
  "lone\ud800surrogate",
  "\udc00\ud800",
];
