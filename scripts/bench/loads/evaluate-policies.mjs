// A process of its own that evaluates policy sets of some sizes, one after the other: `node evaluate-policies.mjs <JSON>`.
import { policySetOf } from '../policies.mjs';
import { percentileOf } from '../statistics.mjs';
import { importBuilt } from '../system.mjs';

const MINUTE_MS = 60_000;
/** Between two evaluations: three days pass in 37,000 of them. */
const STEP_MS = 7_000;
const OWN_GROUP = 'staff';
const OTHER_GROUPS = 200;

/** @type {{ sizes: readonly number[], evaluations: number, warmUp: number }} */
const { sizes, evaluations, warmUp } = JSON.parse(process.argv[2] ?? '{}');
const { accessPolicy, namedLocation, evolvePolicySet, initialPolicySetState } =
  await importBuilt('libs/contracts/src/index.js');
const { compilePolicySet, evaluatePolicies } = await importBuilt('libs/conditional-access/src/index.js');

/** @param {number} size */
function compile(size) {
  const { policies, locations } = policySetOf(size, OWN_GROUP);
  const facts = [
    ...locations.map((one) => ({
      type: 'NamedLocationPut',
      data: { location: namedLocation.parse(one), isForced: false },
    })),
    ...policies.map((one) => ({ type: 'AccessPolicyPut', data: { policy: accessPolicy.parse(one), isForced: false } })),
  ];
  return compilePolicySet(facts.reduce(evolvePolicySet, initialPolicySetState));
}

const groups = [OWN_GROUP, ...Array.from({ length: OTHER_GROUPS }, (_, index) => `elsewhere-${index}`)];
const beginMs = Date.now();

/** Another moment and another address each time. @param {number} number */
function inputsOf(number) {
  const nowMs = beginMs + number * STEP_MS;
  const address = `10.${number % 256}.3.4`;
  return {
    appId: 'wiki',
    subject: 'ada',
    groups,
    directoryRoles: [],
    isGuest: false,
    authenticatedAtMs: nowMs - MINUTE_MS,
    sessionStartedAtMs: nowMs - MINUTE_MS,
    authenticationContexts: [],
    address,
    sessionAddress: address,
    country: 'DE',
    platform: 'linux',
    deviceStates: ['unregistered'],
    clientKind: 'browser',
    signInRisk: 'none',
    userRisk: 'none',
    nowMs,
  };
}

/** @param {number} size */
function measure(size) {
  const compiled = compile(size);
  let applied = 0;
  for (let number = 0; number < warmUp; number += 1) evaluatePolicies(compiled, inputsOf(number));
  const tookUs = new Float64Array(evaluations);
  for (let number = 0; number < evaluations; number += 1) {
    const inputs = inputsOf(number);
    const began = performance.now();
    const { outcomes } = evaluatePolicies(compiled, inputs);
    tookUs[number] = (performance.now() - began) * 1000;
    applied += outcomes.length;
  }
  const all = [...tookUs];
  return { policies: size, p50Us: percentileOf(all, 50), p99Us: percentileOf(all, 99), applied: applied / evaluations };
}

process.stdout.write(`${JSON.stringify({ event: 'measured', sizes: sizes.map(measure) })}\n`);
