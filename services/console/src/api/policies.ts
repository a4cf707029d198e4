import { z } from 'zod';
import {
  accessPolicy,
  changePolicySet,
  locationId,
  namedLocation,
  type PolicySetChange,
  type PolicySetView,
  policyFinding,
  policyId,
  policySet,
} from '#libs/contracts';
import { refuseRequest } from '../errors.ts';
import { param } from './apps.ts';
import { contextOf } from './commands.ts';
import { type Answer, type Backbone, type Call, type Route, route } from './route.ts';

const version = z.number().int();
const revision = z.number().int();
const findings = z.array(policyFinding);
const policyShown = z.object({ version, policy: accessPolicy, findings });
const locationShown = z.object({ version, location: namedLocation });
const policyList = z.object({ revision, policies: z.array(policyShown.omit({ findings: true })), findings });
const locationList = z.object({ revision, locations: z.array(locationShown) });
const removed = z.object({ id: z.string(), removed: z.literal(true) });
/** `dryRun`: refused or not, and what would be, without a change. */
const changeQuery = z.strictObject({ force: z.stringbool().optional(), dryRun: z.stringbool().optional() });
const removalQuery = changeQuery.pick({ force: true });

type How = z.infer<typeof changeQuery>;
type Send = (call: Call, change: PolicySetChange, how?: How) => Promise<PolicySetView>;

/** The policy set as a whole, its policies, and its named locations. */
export function policyRoutes(backbone: Backbone): readonly Route[] {
  const load = () => backbone.ask(policySet, {});
  const send: Send = (call, change, { force = false, dryRun = false } = {}) => {
    const { expectedRevision, ...context } = contextOf(call);
    const expected = expectedRevision === undefined ? {} : { expectedVersion: expectedRevision };
    return backbone.ask(changePolicySet, { ...context, ...expected, change, force, dryRun });
  };
  return [...setRoutes(load, send), ...onePolicyRoutes(load, send), ...locationRoutes(load, send)];
}

function setRoutes(load: () => Promise<PolicySetView>, send: Send): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/policy-set',
      summary: 'Read all conditional access policies and named locations, with the revision that names them together',
      reply: { schema: policySet.reply },
      handle: async () => shown(await load()),
    }),
    route({
      method: 'put',
      path: '/policy-set',
      summary:
        'Replace all policies and locations at once; what is not named goes, what has not changed keeps its version',
      takesIfMatch: true,
      query: changeQuery,
      body: z.strictObject({ policies: z.array(accessPolicy), locations: z.array(namedLocation) }),
      reply: { schema: changePolicySet.reply },
      handle: async ({ query, body, call }) => shown(await send(call, { kind: 'replace', ...body }, query)),
    }),
    route({
      method: 'get',
      path: '/policies',
      summary: 'List conditional access policies, with what an admin should know about them',
      reply: { schema: policyList },
      handle: async () => {
        const { locations: _locations, ...list } = await load();
        return { body: list };
      },
    }),
    route({
      method: 'get',
      path: '/locations',
      summary: 'List named locations',
      reply: { schema: locationList },
      handle: async () => {
        const set = await load();
        return { body: { revision: set.revision, locations: set.locations } };
      },
    }),
  ];
}

function onePolicyRoutes(load: () => Promise<PolicySetView>, send: Send): readonly Route[] {
  const path = '/policies/:policyId';
  return [
    route({
      method: 'get',
      path,
      summary: 'Read one policy; its version is the ETag',
      reply: { schema: policyShown },
      handle: async ({ call }) => policyOf(await load(), param(call, 'policyId')),
    }),
    route({
      method: 'put',
      path,
      summary: 'Add or change a policy; `If-Match: "0"` takes a new one only',
      takesIfMatch: true,
      query: changeQuery,
      body: accessPolicy.extend({ id: policyId.optional() }),
      reply: { schema: policyShown },
      handle: async ({ query, body, call }) => {
        const id = idOf(policyId, call, 'policyId', body.id);
        return policyOf(await send(call, { kind: 'put-policy', policy: { ...body, id } }, query), id);
      },
    }),
    route({
      method: 'delete',
      path,
      summary: 'Remove a policy',
      takesIfMatch: true,
      reply: { schema: removed },
      handle: async ({ call }) => {
        const id = idOf(policyId, call, 'policyId');
        await send(call, { kind: 'remove-policy', policyId: id });
        return { body: { id, removed: true } };
      },
    }),
  ];
}

function locationRoutes(load: () => Promise<PolicySetView>, send: Send): readonly Route[] {
  const path = '/locations/:locationId';
  return [
    route({
      method: 'get',
      path,
      summary: 'Read one named location; its version is the ETag',
      reply: { schema: locationShown },
      handle: async ({ call }) => locationOf(await load(), param(call, 'locationId')),
    }),
    route({
      method: 'put',
      path,
      summary: 'Add or change a named location; `If-Match: "0"` takes a new one only',
      takesIfMatch: true,
      query: changeQuery,
      body: namedLocation.extend({ id: locationId.optional() }),
      reply: { schema: locationShown },
      handle: async ({ query, body, call }) => {
        const id = idOf(locationId, call, 'locationId', body.id);
        return locationOf(await send(call, { kind: 'put-location', location: { ...body, id } }, query), id);
      },
    }),
    route({
      method: 'delete',
      path,
      summary: 'Remove a named location that no policy uses',
      takesIfMatch: true,
      query: removalQuery,
      reply: { schema: removed },
      handle: async ({ query, call }) => {
        const id = idOf(locationId, call, 'locationId');
        await send(call, { kind: 'remove-location', locationId: id }, query);
        return { body: { id, removed: true } };
      },
    }),
  ];
}

function shown(set: PolicySetView): Answer {
  return { body: set, revision: set.revision };
}

function policyOf(set: PolicySetView, id: string): Answer {
  const found = set.policies.find(({ policy }) => policy.id === id);
  if (found === undefined) throw absent('ERR_POLICY_ABSENT', 'policy', id);
  const own = set.findings.filter((one) => one.policyId === id);
  return { body: { ...found, findings: own }, revision: found.version };
}

function locationOf(set: PolicySetView, id: string): Answer {
  const found = set.locations.find(({ location }) => location.id === id);
  if (found === undefined) throw absent('ERR_LOCATION_ABSENT', 'location', id);
  return { body: found, revision: found.version };
}

function absent(code: 'ERR_POLICY_ABSENT' | 'ERR_LOCATION_ABSENT', what: string, id: string): Error {
  return refuseRequest(code, `${what} ${JSON.stringify(id.slice(0, 64))} does not exist`);
}

/** The id in the path, which one in the body may only repeat. Error: ERR_API_INVALID. */
function idOf<Id extends z.ZodType<string>>(schema: Id, call: Call, name: string, inBody?: string): z.infer<Id> {
  const inPath = param(call, name);
  const parsed = schema.safeParse(inPath);
  if (parsed.success && (inBody === undefined || inBody === inPath)) return parsed.data;
  const problem = parsed.success
    ? `id: ${JSON.stringify(inBody)} is not the id of the path, ${JSON.stringify(inPath)}: leave it out`
    : `${name}: ${JSON.stringify(inPath.slice(0, 64))}: expected 1 to 64 characters of a-z 0-9 _ -`;
  const place = parsed.success ? 'body' : 'path';
  throw refuseRequest('ERR_API_INVALID', `${place} is not valid: ${problem}`, { place, problems: [problem] });
}
