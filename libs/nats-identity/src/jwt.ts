import {
  type Account,
  encodeAccount,
  encodeActivation,
  encodeAuthorizationResponse,
  encodeOperator,
  encodeUser,
  fromPublic,
  type Permissions,
  type User,
} from '@nats-io/jwt';
import { type Nkey, nativeSigner } from './nkey.ts';

export type AccountClaims = Partial<Account>;
export type UserClaims = User;
export type UserPermissions = Permissions;

/** Without limits an account gets limits of zero; JetStream stays off unless the four storage limits are set. */
export const OPEN_LIMITS = {
  subs: -1,
  data: -1,
  payload: -1,
  imports: -1,
  exports: -1,
  wildcards: true,
  conn: -1,
  leaf: 0,
} as const;
export const JETSTREAM_LIMITS = {
  ...OPEN_LIMITS,
  mem_storage: -1,
  disk_storage: -1,
  streams: -1,
  consumer: -1,
} as const;

export type OperatorJwtInput = {
  readonly name: string;
  readonly key: Nkey;
  readonly signingKeys: readonly string[];
  /** Public key of SYS. */
  readonly systemAccount: string;
};

export function encodeOperatorJwt(input: OperatorJwtInput): Promise<string> {
  return encodeOperator(input.name, nativeSigner(input.key), {
    signing_keys: [...input.signingKeys],
    system_account: input.systemAccount,
  });
}

export type AccountJwtInput = {
  readonly name: string;
  readonly publicKey: string;
  /** The operator's signing key. */
  readonly signer: Nkey;
  readonly claims: AccountClaims;
};

export function encodeAccountJwt(input: AccountJwtInput): Promise<string> {
  const options = { signer: nativeSigner(input.signer) };
  return encodeAccount(input.name, fromPublic(input.publicKey), structuredClone(input.claims), options);
}

export type UserJwtInput = {
  readonly name: string;
  /** Public key of the user: the seed may be elsewhere. */
  readonly publicKey: string;
  /** Public key of the account. */
  readonly account: string;
  /** The account's key or one of its signing keys. */
  readonly signer: Nkey;
  readonly permissions: Partial<UserClaims>;
  /** Unix seconds; default: never. */
  readonly expiresAtSeconds?: number;
  /** Signed by a scoped key: rights come from the template, `permissions` may only hold tags. Default false. */
  readonly isScoped?: boolean;
};

export function encodeUserJwt(input: UserJwtInput): Promise<string> {
  const claims = { ...structuredClone(input.permissions), issuer_account: input.account };
  const expiry = input.expiresAtSeconds === undefined ? {} : { exp: input.expiresAtSeconds };
  return encodeUser(input.name, fromPublic(input.publicKey), nativeSigner(input.signer), claims, {
    ...expiry,
    ...(input.isScoped ? { scopedUser: true } : {}),
  });
}

/** Lets `account` import one service of the exporting account whose key signs. */
export function encodeActivationJwt(input: {
  readonly name: string;
  readonly account: string;
  readonly exporter: Nkey;
  readonly subject: string;
}): Promise<string> {
  return encodeActivation(input.name, fromPublic(input.account), nativeSigner(input.exporter), 'service', {
    subject: input.subject,
  });
}

/** The answer of an auth callout: either `jwt` (a user JWT for the server's `userKey`) or `error`. */
export function encodeAuthAnswer(input: {
  readonly userKey: string;
  readonly serverId: string;
  readonly account: string;
  readonly signer: Nkey;
  readonly answer: { readonly jwt: string } | { readonly error: string };
}): Promise<string> {
  return encodeAuthorizationResponse(
    fromPublic(input.userKey),
    fromPublic(input.serverId),
    nativeSigner(input.signer),
    { ...input.answer, issuer_account: input.account },
    {},
  );
}
