/** Signs a test home in to invented ChatGPT accounts. Nothing here is, or can become, a real credential. */

/** An invented account. */
export type Account = { readonly user: string; readonly workspace: string };

/** Far enough that Codex does not try to refresh the token. */
const EXPIRES_UNIX_SECONDS = 4_102_444_800;

/** Writes an `auth.json` that Codex takes for a ChatGPT sign-in of that account. */
export function signIn(home: string, account: Account): void {
  const token = unsignedToken({
    email: `${account.user}@example.invalid`,
    exp: EXPIRES_UNIX_SECONDS,
    "https://api.openai.com/auth": {
      "chatgpt_user_id": account.user,
      "user_id": account.user,
      "chatgpt_account_id": account.workspace,
      "chatgpt_plan_type": "pro",
    },
  });
  const auth = {
    "auth_mode": "chatgpt",
    OPENAI_API_KEY: null,
    tokens: {
      "id_token": token,
      "access_token": token,
      "refresh_token": "invented",
      "account_id": account.workspace,
    },
    "last_refresh": new Date().toISOString(),
  };
  Deno.writeTextFileSync(`${home}/auth.json`, JSON.stringify(auth));
}

/** Removes the sign-in. */
export function signOut(home: string): void {
  Deno.removeSync(`${home}/auth.json`);
}

function unsignedToken(claims: unknown): string {
  return [{ alg: "none" }, claims, "unsigned"].map((part) => base64Url(JSON.stringify(part))).join(".");
}

function base64Url(text: string): string {
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
