// SPDX-License-Identifier: Apache-2.0
import { Argument, Command, Option } from 'commander';
import { version } from '../base/version.ts';
import { reportFailure, usageError } from './failure.ts';
import { endWithReader } from './output.ts';
import { addSettings, everySetting, formatBelow, givenFlags, outputOption } from './options.ts';

const CONNECTION = ['run-dir', 'config'] as const;

function btfOption(): Option {
  return new Option('--btf <file>', 'types of another kernel: a file of BTF, or a vmlinux that has them');
}

function writeHelp(text: string): void {
  endWithReader();
  process.stdout.write(text);
}

/** Each action imports its command when it is called, so that `merlon --help` loads neither gRPC nor the addon. */
function program(): Command {
  const merlon = new Command('merlon')
    .description(
      'Runtime security for Linux nodes: every process, its ancestry and its events, from the kernel',
    )
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command');

  const run = addSettings(merlon.command('run'), everySetting)
    .summary('watch every process on this machine until a signal')
    .configureHelp({ formatItem: formatBelow })
    .description(
      'Watches every process on this machine and prints each event until a signal; the first Ctrl-C stops it cleanly, ' +
        'a second one at once. SIGHUP opens the export file anew.',
    )
    .addHelpText(
      'after',
      '\nA setting may also stand in its variable or, by its name without dashes in front, in the settings file.' +
        '\nA flag wins over a variable, a variable over the file.',
    );
  run.action(async () => (await import('./run.ts')).run(givenFlags(run)));

  const ps = addSettings(merlon.command('ps'), [...CONNECTION, 'color'])
    .description('list the processes that the running agent knows')
    .addOption(outputOption('table', 'json'))
    .option('-t, --tree', 'draw the processes below their parents');
  ps.action(async () => (await import('./ps.ts')).ps(givenFlags(ps), ps.opts()));

  const events = addSettings(merlon.command('events'), ['output', 'color', ...CONNECTION])
    .description('print the events of the running agent as they come')
    .addOption(
      new Option('-e, --event-types <type,...>', 'only events of these types')
        .argParser((text: string) => text.split(',').map((name) => name.toUpperCase()))
        .default([], 'every type'),
    )
    .addOption(
      new Option('--pid <pid,...>', 'only events of these processes')
        .argParser((text: string) => text.split(',').map(Number))
        .default([], 'every process'),
    );
  events.action(async () =>
    (await import('./events.ts')).events(
      givenFlags(events),
      events.opts<{ eventTypes: string[]; pid: number[] }>(),
    ),
  );

  const status = addSettings(merlon.command('status'), CONNECTION)
    .description('tell how the running agent is doing')
    .addOption(outputOption('table', 'json'));
  status.action(async () => (await import('./status.ts')).status(givenFlags(status), status.opts()));

  const unload = addSettings(merlon.command('unload'), ['bpf-dir', 'run-dir', 'break-glass-file', 'config'])
    .summary('remove what an agent has left in force')
    .description(
      'Removes everything that agents have left pinned: hooks are detached, policies are no longer in force. It refuses ' +
        'while an agent runs there, and does nothing when nothing is left.',
    )
    .addOption(outputOption('text', 'json'));
  unload.action(async () => (await import('./unload.ts')).unload(givenFlags(unload), unload.opts()));

  const doctor = addSettings(merlon.command('doctor'), ['color', 'config'])
    .description('try what this kernel offers, and tell what Merlon can do with it')
    .addOption(outputOption('table', 'json'));
  doctor.action(async () => (await import('./doctor.ts')).doctor(givenFlags(doctor), doctor.opts()));

  const policy = merlon.command('policy').description('check, list and change TracingPolicies');
  const check = policy
    .command('check')
    .summary('find every problem of policies')
    .description(
      'Checks TracingPolicies, also against the types (BTF) of this kernel or another, and prints every problem with its ' +
        'place. It needs no privileges and no running agent. Exit status 1 with any problem.',
    )
    .argument('<path...>', 'files, or directories with .yaml, .yml and .json files')
    .option('--crd-only', 'judge as an API server does: the schema, its rules and metadata only')
    .addOption(btfOption().conflicts('crdOnly'))
    .addOption(outputOption('text', 'json'));
  check.action(async (paths: string[]) =>
    (await import('./policy-check.ts')).policyCheck(paths, check.opts()),
  );

  const plan = addSettings(policy.command('plan'), [...CONNECTION, 'allow-policy-requests'])
    .summary('tell what policies would load and cost, and what would change')
    .description(
      'Prints the programs that these policies would need as the whole set, why each is attached as it is, its tables and ' +
        'estimated cost, and what would change for the running agent. It loads nothing.',
    )
    .argument('<path...>', 'files, or directories with .yaml, .yml and .json files')
    .addOption(btfOption())
    .addOption(outputOption('table', 'json'));
  plan.action(async (paths: string[]) =>
    (await import('./policy-plan.ts')).policyPlan(paths, givenFlags(plan), plan.opts()),
  );

  const list = addSettings(policy.command('list'), CONNECTION)
    .description(
      'print the policies of the running agent: whether they are in force, where, how often their selectors hit, what they cost',
    )
    .option('--measure <time>', 'have the kernel measure for this time what a run of each hook costs')
    .addOption(outputOption('table', 'json'));
  list.action(async () => (await import('./policy-list.ts')).policyList(givenFlags(list), list.opts()));

  const add = addSettings(policy.command('add'), CONNECTION)
    .summary('put policies in force in the running agent')
    .description(
      'Puts the policies of files in force in the running agent: all of them, or none when one has a problem. They stay until ' +
        'they are deleted or the agent ends. Exit status 1 with any problem.',
    )
    .argument('<path...>', 'files, or directories with .yaml, .yml and .json files')
    .option(
      '--replace',
      'replace policies of the same names; the old one stays in force if the new one cannot be',
    )
    .option('--domain <name>', 'where the policies come from, for "policy list" (default: "grpc")')
    .addOption(new Option('--mode <mode>', "in place of the policies' own").choices(['enforce', 'monitor']));
  add.action(async (paths: string[]) =>
    (await import('./policy-add.ts')).policyAdd(paths, givenFlags(add), add.opts()),
  );

  for (const [name, description] of [
    ['delete', 'take a policy out of the running agent'],
    ['enable', 'put a policy in force that was disabled or could not be loaded'],
    ['disable', 'take a policy out of force, and keep it'],
  ] as const) {
    const command = addSettings(policy.command(name), CONNECTION)
      .description(description)
      .argument('<name>', 'the name in its metadata')
      .option('-n, --namespace <name>', 'of a TracingPolicyNamespaced')
      .option('--domain <name>', 'only if it is of this domain');
    command.action(async (policyName: string) =>
      (await import('./policy-change.ts')).policyChange(
        name,
        policyName,
        givenFlags(command),
        command.opts(),
      ),
    );
  }

  const mode = addSettings(policy.command('mode'), CONNECTION)
    .summary('let a policy enforce, or only monitor')
    .description(
      'Lets the rules of a policy deny and signal (enforce), or only tell what they would have done (monitor): from the next ' +
        'hit on, without loading anything.',
    )
    .argument('<name>', 'the name in its metadata')
    .addArgument(new Argument('<mode>', 'what it is to do').choices(['enforce', 'monitor']))
    .option('-n, --namespace <name>', 'of a TracingPolicyNamespaced')
    .option('--domain <name>', 'only if it is of this domain');
  mode.action(async (policyName: string, wanted: 'enforce' | 'monitor') =>
    (await import('./policy-change.ts')).policyChange(wanted, policyName, givenFlags(mode), mode.opts()),
  );

  const about = merlon
    .command('version')
    .description('print the version of Merlon and of what it runs on')
    .addOption(outputOption('table', 'json'));
  about.action(async () => (await import('./version.ts')).printVersion(about.opts()));

  for (const command of [merlon, ...merlon.commands, ...policy.commands]) {
    command.allowExcessArguments(false);
    command.configureOutput({ writeOut: writeHelp, outputError: () => undefined });
    command.exitOverride((error) => {
      throw usageError(error, command);
    });
  }
  return merlon;
}

try {
  await program().parseAsync();
} catch (error) {
  process.exitCode = reportFailure(error);
}
