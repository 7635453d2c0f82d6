/** Binds strict YAML to records and reports every fault at once; the records carry their own documentation. */
package dev.braid.config;
