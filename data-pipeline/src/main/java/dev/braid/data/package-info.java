/** From sources to token shards by Spark jobs, and the deterministic sampler that reads them back. No tensor code. */
package dev.braid.data;
