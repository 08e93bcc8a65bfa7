/** Finds the real Codex that the tests ask, and installs it once per machine when it is missing. */

/** The one Codex release the tests judge against. */
export const CODEX_VERSION = "0.169.0";

/** Path of the native Codex program to use instead of the installed one. */
const OVERRIDE = "CODEXKEEP_TEST_CODEX";

type Target = {
  /** The suffix of the npm package that carries the native program, such as `linux-x64`. */
  readonly platform: string;
  /** The folder below `vendor/` in that package. */
  readonly triple: string;
  /** The file name of the program. */
  readonly file: string;
};

let found: Promise<string> | undefined;

/**
 * Path of the native `codex` program, version {@link CODEX_VERSION}.
 *
 * Taken from the environment variable `CODEXKEEP_TEST_CODEX` when that is set, else from the cache folder
 * (`$XDG_CACHE_HOME` or `~/.cache`, then `codexkeep-test/`), where it is installed at first use: 400 MB, a few seconds.
 * Throws when it can neither be found nor installed, or when it is another version.
 */
export function codexBinary(): Promise<string> {
  found ??= locate();
  return found;
}

async function locate(): Promise<string> {
  const chosen = Deno.env.get(OVERRIDE);
  const path = chosen === undefined || chosen === "" ? await installed(cacheFolder()) : chosen;
  const version = await reportedVersion(path);
  if (version !== `codex-cli ${CODEX_VERSION}`) {
    throw new Error(`"${path}" reports "${version}", the tests need "codex-cli ${CODEX_VERSION}"`);
  }
  return path;
}

async function installed(folder: string): Promise<string> {
  const target = targetOf(Deno.build.os, Deno.build.arch);
  const present = findBinary(folder, target);
  if (present !== undefined) return present;
  const staging = `${folder}.${crypto.randomUUID()}`;
  try {
    await install(staging);
    moveInto(staging, folder);
  } finally {
    if (exists(staging)) Deno.removeSync(staging, { recursive: true });
  }
  const path = findBinary(folder, target);
  if (path === undefined) throw new Error(`no Codex program for ${target.platform} below "${folder}"`);
  return path;
}

/** Lets Deno itself fetch the npm package, so a machine needs nothing but the Deno that runs the tests. */
async function install(folder: string): Promise<void> {
  Deno.mkdirSync(folder, { recursive: true });
  Deno.writeTextFileSync(`${folder}/deno.json`, '{ "nodeModulesDir": "auto" }\n');
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["install", `npm:@openai/codex@${CODEX_VERSION}`],
    cwd: folder,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) {
    throw new Error(`cannot install @openai/codex ${CODEX_VERSION}: ${new TextDecoder().decode(stderr)}`);
  }
}

/** Several test processes may install at once: the first rename wins, the others use its result. */
function moveInto(staging: string, folder: string): void {
  try {
    Deno.renameSync(staging, folder);
  } catch (error) {
    if (!exists(folder)) throw error;
  }
}

/** Looks where Deno and where npm put the platform package. */
function findBinary(folder: string, target: Target): string | undefined {
  const aliased = `@openai/codex-${target.platform}`;
  const own = `.deno/@openai+codex@${CODEX_VERSION}-${target.platform}/node_modules/@openai/codex`;
  return [own, aliased]
    .map((part) => `${folder}/node_modules/${part}/vendor/${target.triple}/bin/${target.file}`)
    .find(exists);
}

function targetOf(os: string, arch: string): Target {
  const cpu = arch === "aarch64" ? "arm64" : "x64";
  switch (os) {
    case "linux":
      return { platform: `linux-${cpu}`, triple: `${arch}-unknown-linux-musl`, file: "codex" };
    case "darwin":
      return { platform: `darwin-${cpu}`, triple: `${arch}-apple-darwin`, file: "codex" };
    case "windows":
      return { platform: `win32-${cpu}`, triple: `${arch}-pc-windows-msvc`, file: "codex.exe" };
    default:
      throw new Error(`Codex ${CODEX_VERSION} is not published for "${os}"`);
  }
}

function cacheFolder(): string {
  const base = Deno.env.get("XDG_CACHE_HOME") || `${homeFolder()}/.cache`;
  return `${base}/codexkeep-test/codex-${CODEX_VERSION}`;
}

function homeFolder(): string {
  const home = Deno.env.get("HOME") ?? Deno.env.get("USERPROFILE");
  if (home === undefined || home === "") {
    throw new Error(`no home folder to cache Codex in: set XDG_CACHE_HOME or ${OVERRIDE}`);
  }
  return home;
}

async function reportedVersion(path: string): Promise<string> {
  const { stdout } = await new Deno.Command(path, {
    args: ["--version"],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).output();
  return new TextDecoder().decode(stdout).trim();
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
