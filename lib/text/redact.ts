/**
 * Secrets in text that is kept: values of keys that sound like secrets, and words in the forms that tokens have. What
 * looks like one and is none is taken out, too; a log can do without it.
 */

/** What stands in the place of a secret. */
export const REDACTED = "[redacted]";

/** Names whose values are secrets. `env_key` and its like name a variable of the environment, which is none. */
const SECRET_NAME =
  /^(?!.*env_key$).*(?:token|secret|passw(?:or)?d|passphrase|api[_-]?key|access[_-]?key|private[_-]?key|auth|authorization|cookie|credential)s?$/i;

/** `"api_key": "x"`, `token=x`, `Authorization: Bearer x`: a name of that kind with what it is given. */
const GIVEN =
  /((?:[\w-]*(?:token|secret|passw(?:or)?d|passphrase|api[_-]?key|access[_-]?key|private[_-]?key|authorization|cookie|credential)s?)["']?\s*[=:]\s*)((?:bearer|basic)\s+[^\s"',;}]+|"(?:[^"\\]|\\.)*"?|'[^']*'?|[^\s"',;}]+)/gi;

/** `--api-key x`: the same on a command line. */
const FLAG_GIVEN =
  /(--[\w-]*(?:token|secret|passw(?:or)?d|passphrase|api-?key|credential)s?\s+)("[^"]*"?|'[^']*'?|\S+)/gi;

/** Words that are secrets by their form: keys of OpenAI, GitHub, Slack, Amazon, Google, web tokens, private keys. */
const FORMS: readonly RegExp[] = [
  /\b(?:sk|rk|pk|sess|org-sk)-[A-Za-z0-9_-]{12,}/g,
  /\bgh[pousr]_[A-Za-z0-9]{16,}|\bgithub_pat_\w{16,}/g,
  /\bxox[a-z]-[A-Za-z0-9-]{10,}/g,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\bAIza[A-Za-z0-9_-]{30,}/g,
  /\bey[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  /\b(?:bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi,
  /(?<=:\/\/)[^\s/@:]*:[^\s/@]+(?=@)/g,
];

/** Whether the value of something of this name is a secret. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** `text` without the secrets in it. */
export function redact(text: string): string {
  let rest = text;
  for (const given of [GIVEN, FLAG_GIVEN]) {
    rest = rest.replace(given, (_, name: string) => `${name}${REDACTED}`);
  }
  for (const form of FORMS) rest = rest.replace(form, REDACTED);
  return rest;
}
