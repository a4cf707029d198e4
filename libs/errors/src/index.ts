export {
  type ErrorDetails,
  isSallyportError,
  SallyportError,
  type SallyportErrorOptions,
  toPublicError,
} from './sallyport-error.ts';
