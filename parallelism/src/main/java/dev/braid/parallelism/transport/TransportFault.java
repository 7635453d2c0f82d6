package dev.braid.parallelism.transport;

/**
 * Why a transport of this rank is gone as a whole. What its channels say then is an effect, and accuses no peer.
 *
 * @param reason for a person
 * @param processId of the process of this host whose end or standstill is the cause; 0 when it is not a process
 * @param ended whether that process has ended, or only gives no sign of life
 */
public record TransportFault(String reason, long processId, boolean ended) {}
