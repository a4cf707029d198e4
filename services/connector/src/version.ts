/** Version a connector reports at registration; the package's. */
export const CONNECTOR_VERSION = '0.1.0';
