/** The Spark jobs that turn sources into token shards. */
package dev.braid.data.prepare;
