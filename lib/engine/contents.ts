/** Opens rollouts for the repairs that have to read closer than the scan did. */
import { AppError } from "../core/error.ts";
import { type AbsPath, inHome } from "../core/path.ts";
import type { Contents } from "../repairs/repair.ts";
import type { Disk } from "../system/disk.ts";
import { contentOf } from "./rollouts.ts";

/** The contents of the rollouts of `home`; each is open only while it is being looked at. */
export function contentsOf(disk: Disk, home: AbsPath): Contents {
  return {
    with: (rollout, use) => {
      const file = disk.openRead(inHome(home, rollout.path));
      try {
        const content = contentOf(file, rollout.encoding);
        if ("reason" in content) throw new AppError("failed", content.detail);
        return use(content);
      } finally {
        file.close();
      }
    },
  };
}
