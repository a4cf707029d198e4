/** The WebCrypto names that the types of @peculiar/x509 use; without the DOM library they would silently become any. */
import type { webcrypto as w } from 'node:crypto';

declare global {
  type BufferSource = w.BufferSource;
  type CryptoKey = w.CryptoKey;
  type Crypto = w.Crypto;
  type CryptoKeyPair = w.CryptoKeyPair;
  type Algorithm = w.Algorithm;
  type AlgorithmIdentifier = w.AlgorithmIdentifier;
  type EcKeyImportParams = w.EcKeyImportParams;
  type EcdsaParams = w.EcdsaParams;
  type EcKeyGenParams = w.EcKeyGenParams;
  type EcKeyAlgorithm = w.EcKeyAlgorithm;
  type RsaHashedImportParams = w.RsaHashedImportParams;
  type RsaHashedKeyGenParams = w.RsaHashedKeyGenParams;
  type KeyUsage = w.KeyUsage;
  type HashAlgorithmIdentifier = w.HashAlgorithmIdentifier;
  type KeyAlgorithm = w.KeyAlgorithm;
}
