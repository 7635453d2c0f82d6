package dev.braid.parallelism.mesh;

/**
 * Where something runs.
 *
 * @param host name of the host
 * @param process name of the process, unique on its host
 */
public record Site(String host, String process) {}
