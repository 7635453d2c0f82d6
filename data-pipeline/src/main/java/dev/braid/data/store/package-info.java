/** Token shards and their index on any Hadoop file system: written once and whole, checked when opened. */
package dev.braid.data.store;
