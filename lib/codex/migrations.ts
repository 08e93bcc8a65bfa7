/** The steps by which Codex 0.169 builds its state database, to tell whether one was built by others. */

/** A row of `_sqlx_migrations`. */
export interface Migration {
  readonly version: number;
  readonly description: string;
  /** False when it was begun and not finished. */
  readonly success: boolean;
  /** Hexadecimal, upper case. */
  readonly checksum: string;
}

/** Query for the {@link Migration}s of a database. */
export const MIGRATIONS_QUERY =
  "select version, description, success, hex(checksum) as checksum from _sqlx_migrations order by version";

/** Query for the version of the Codex that made the newest thread. */
export const NEWEST_VERSION_QUERY =
  "select cli_version as version from threads where cli_version <> '' order by id desc limit 1";

/** The Codex whose checksums are known here. */
export const KNOWN_CODEX = "0.169";

/** First eight bytes of the checksums of migrations 1, 2, 3, … (read from a home that Codex 0.169.0 for Linux made). */
const CHECKSUMS: readonly string[] = [
  "627EF19164C9BB29",
  "521B72CBC04C7D03",
  "E58A2862BDB66D32",
  "8ADC251366E4C7E5",
  "1AC64F85E083E5B4",
  "A203FC4B597E1420",
  "7E35A464DF6D4C82",
  "AA3F287F7A448554",
  "8B469360777E6DD6",
  "8ADAF1365F8E5DEE",
  "31ECECBD07F04452",
  "0012A213ED25F2CF",
  "05526A0900A84305",
  "4D2FBB2442C5C5C7",
  "0EECE6DB59C948FA",
  "4768F743E9812937",
  "4CBDB2EDFEBF6040",
  "A4363003BC44F0A4",
  "3884C02F080F0184",
  "07673F4859F74013",
  "EA1AEBE4F5A1D56C",
  "160FE01B757DD06F",
  "E6C748A9A18286E4",
  "E92AA526B1F36E26",
  "D6FB51D79941B93C",
  "6C62A325D3B9CA8E",
  "D84DCA6A039E004C",
  "EF44ADAA291E40DF",
  "E9EC76F97DBF41CE",
  "80C1CDACD4520B42",
  "943675A9B3DC92D0",
  "3C01D615C5E3ABA0",
  "4904AAE354E3D8CE",
  "D6FEA739C76EBDEF",
  "D7B56ACB07C96858",
  "6381F7BB4C36BE41",
  "F6A5AB0DB36BB9E4",
  "E7778522CBE529F5",
  "C217B3D14C08C236",
  "A7A99674F90A4318",
  "0DC734DBE4CBCC5A",
  "CFDC4FD47328D1B6",
  "605128E722BD2521",
  "5D29223BD1CAFE45",
  "A7FADC8CAEA8B6AB",
  "63ADDF6115C3FB1A",
  "1AE117E4AB40813D",
  "9D298333F7523010",
  "FAF45C392BB85720",
  "D2802E96F5FC1900",
  "23360A03A7FC307C",
  "071E96313D402E4C",
  "E86EF7CCBCC891B1",
  "E62A9977D99C7EAB",
  "6DAADC5527B3F57F",
  "5DE44FAC5505249B",
  "729562C57BFA8B43",
  "68467AF3CE1FF097",
  "4297DFFB4FB308F0",
  "D7F0CF0A69FA7199",
  "4A8337048BB958A2",
  "DAB8B7C8390F9C76",
];

/** A row of {@link MIGRATIONS_QUERY}. */
export function toMigration(row: Readonly<Record<string, unknown>>): Migration {
  return {
    version: Number(row["version"]),
    description: String(row["description"]),
    success: Number(row["success"]) !== 0,
    checksum: String(row["checksum"]),
  };
}

/** What keeps Codex from starting with a database that was built by these steps. */
export interface MigrationFaults {
  /** Begun and not finished: every Codex refuses the database (seen in 0.169). */
  readonly unfinished: readonly Migration[];
  /** Another step than the one of the same number in Codex {@link KNOWN_CODEX}, which refuses the database then. */
  readonly foreign: readonly Migration[];
  /** Steps missing between others: Codex takes them again, and fails where their work is done already. */
  readonly missing: readonly number[];
}

/** The faults among the migrations of a database. Versions that are not known here are never faults. */
export function migrationFaults(migrations: readonly Migration[]): MigrationFaults {
  const versions = migrations.map(({ version }) => version).filter((version) => version <= CHECKSUMS.length);
  // Only between others: a later Codex may begin elsewhere.
  const first = Math.min(...versions);
  const steps = versions.length === 0 ? 0 : Math.max(...versions) - first + 1;
  return {
    unfinished: migrations.filter(({ success }) => !success),
    foreign: migrations.filter(({ version, checksum }) => {
      const known = CHECKSUMS[version - 1];
      return known !== undefined && !checksum.startsWith(known);
    }),
    missing: Array.from({ length: steps }, (_, i) => first + i).filter((version) =>
      !versions.includes(version)
    ),
  };
}
