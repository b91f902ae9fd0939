// SPDX-License-Identifier: Apache-2.0
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentError, ErrorCode } from '../../src/base/errors.ts';
import { runTool } from './run-tool.ts';

/** The Debian release's codename of this machine, such as "bookworm". */
export async function hostCodename(): Promise<string> {
  const release = await readFile('/etc/os-release', 'utf8');
  return /^VERSION_CODENAME=(.*)$/m.exec(release)?.[1] ?? '';
}

/** apt's view of one Debian release: the machine's own lists, or lists of another release that only we use. */
export class Archive {
  readonly #options: string[];

  private constructor(options: string[]) {
    this.#options = options;
  }

  /**
   * Opens the archive of a release, with lists as new as its mirror has them. Another release than the machine's is read from the machine's own mirrors with
   * that codename put in, into lists below `directory`; Debian's keyring must vouch for it as for any other.
   */
  static async open(codename: string, directory: string): Promise<Archive> {
    const own = await hostCodename();
    if (own === codename) {
      const machine = new Archive([]);
      await machine.#refresh();
      return machine;
    }
    const format = '$(REPO_URI) $(CODENAME)';
    const targets = await runTool('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']);
    const sources = new Set<string>();
    for (const line of targets.split('\n')) {
      const [uri, suite] = line.split(' ');
      if (suite !== own && suite !== `${own}-security`) continue;
      const keyring = '[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]';
      sources.add(`deb ${keyring} ${uri} ${suite.replace(own, codename)} main`);
    }
    if (sources.size === 0)
      throw new AgentError(ErrorCode.Internal, `No package list of Debian "${own}" is on this machine`, {
        remedy: 'Run "apt-get update" as root, with Debian\'s own archive among the sources.',
      });
    await mkdir(join(directory, 'lists/partial'), { recursive: true });
    await mkdir(join(directory, 'cache/archives/partial'), { recursive: true });
    await writeFile(join(directory, 'sources.list'), [...sources, ''].join('\n'));
    const settings = {
      'Dir::Etc::SourceList': join(directory, 'sources.list'),
      'Dir::Etc::SourceParts': '/dev/null',
      'Dir::State::Lists': join(directory, 'lists'),
      'Dir::Cache': join(directory, 'cache'),
      'APT::Sandbox::User': 'root',
    };
    const archive = new Archive(
      Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`]),
    );
    await archive.#refresh();
    return archive;
  }

  async #refresh(): Promise<void> {
    await runTool('apt-get', [...this.#options, 'update', '-q']);
  }

  /** What a package depends on, by name; empty when the lists do not have it. */
  async dependencies(name: string): Promise<string[]> {
    const text = await runTool('apt-cache', [...this.#options, 'show', '--no-all-versions', name]).catch(
      () => '',
    );
    const depends = /^Depends: (.*)$/m.exec(text)?.[1] ?? '';
    return depends.split(', ').map((entry) => entry.split(/[ :(]/, 1)[0] ?? '');
  }

  /** Downloads a package into a directory, and its contents below `target`. */
  async unpack(name: string, directory: string, target: string): Promise<void> {
    const uris = await runTool('apt-get', [...this.#options, 'download', '--print-uris', name]);
    const file = /^'[^']*' (\S+) /.exec(uris)?.[1];
    if (file === undefined)
      throw new AgentError(ErrorCode.Internal, `apt-get names no file for package "${name}": ${uris.trim()}`);
    await runTool('apt-get', [...this.#options, '-o', 'APT::Sandbox::User=root', '-q', 'download', name], {
      cwd: directory,
    });
    await runTool('dpkg-deb', ['-x', join(directory, file), target]);
  }
}
