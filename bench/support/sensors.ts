// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from 'node:url';
import { PolicySensor } from '../../src/sensor/policy-sensor.ts';
import { ProcessSensor } from '../../src/sensor/process-sensor.ts';
import { RunningKernel } from '../../src/sensor/running-kernel.ts';
import type { Workspace } from './workspace.ts';

const OBJECT = fileURLToPath(new URL('../../build/bpf/process.bpf.o', import.meta.url));
const RING_BYTES = 1 << 20;

/** A policy sensor above a process sensor that knows the processes that run; both end with the benchmark. */
export function openPolicySensor({ bpfDir }: Workspace, cleanUp: AsyncDisposableStack): PolicySensor {
  const sensor = ProcessSensor.open({
    objectPath: OBJECT,
    bpfDir,
    lifecycleRingBytes: RING_BYTES,
    telemetryRingBytes: RING_BYTES,
    environment: false,
  });
  cleanUp.defer(() => {
    sensor.remove();
    sensor.close();
  });
  sensor.snapshot();
  const policySensor = new PolicySensor(sensor, new RunningKernel());
  cleanUp.defer(() => policySensor.close());
  return policySensor;
}
