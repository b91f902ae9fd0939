// SPDX-License-Identifier: Apache-2.0
// The process sensor against /proc: one agent, and everything that issue 2 asks of an exec and an exit.
import { after, before, describe } from 'node:test';
import { argumentTests } from './process/arguments.ts';
import { binaryTests } from './process/binary.ts';
import { EarlierProcesses, earlierTests } from './process/earlier.ts';
import { exitTests } from './process/exit.ts';
import { isolationTests } from './process/isolation.ts';
import { privilegeTests } from './process/privileges.ts';
import { sessionTests } from './process/session.ts';
import { treeTests } from './process/tree.ts';
import { Agent, isOurs } from './support/agent.ts';
import { requires } from './support/requirements.ts';
import { endSubjects } from './support/subject.ts';

const FLAGS = ['--enable-process-environment-variables', '--enable-process-cred', '--enable-process-ns'];

/** Of a process without a parent, or a child of kthreadd. */
function isOfTheKernel(line: string): boolean {
  return /"ancestry":\[(\]|\{"exec_id":"[^"]*","pid":2[,}])/.test(line);
}

describe('process sensor', { skip: requires('root', 'btf') }, () => {
  let agent: Agent;
  const earlier = new EarlierProcesses();

  before(async () => {
    await earlier.start();
    agent = await Agent.start({ flags: FLAGS, wanted: (line) => isOurs(line) || isOfTheKernel(line) });
  });

  after(async () => {
    await endSubjects();
    await agent.dispose();
  });

  describe('processes before the agent', () => earlierTests(() => agent, earlier));
  describe('ancestry', () => treeTests(() => agent));
  describe('binary', () => binaryTests(() => agent));
  describe('arguments', () => argumentTests(() => agent));
  describe('exit', () => exitTests(() => agent));
  describe('isolation', () => isolationTests(() => agent));
  describe('privileges', () => privilegeTests(() => agent));
  describe('session', () => sessionTests(() => agent));
});
