package dev.braid.trainer.spark;

/**
 * One rank as its peers see it after the rendezvous.
 *
 * @param rank its number in the world
 * @param host the host name or address under which Spark knows its executor
 * @param machine equal where processes can read each other's memory: two containers of one host differ
 * @param executor Spark's name of the executor; ranks with the same host and process share one JVM
 * @param process the process id of its JVM
 * @param cores the processor cores it may use
 * @param capabilities what {@link RankProgram#capabilities()} said there
 */
public record RankMember(
        int rank, String host, String machine, String executor, long process, int cores, String capabilities) {
    /** The same with its number, once that is known. */
    RankMember as(int number) {
        return new RankMember(number, host, machine, executor, process, cores, capabilities);
    }

    /** Whether the other one is in the same JVM. */
    public boolean sharesProcess(RankMember other) {
        return sharesHost(other) && executor.equals(other.executor) && process == other.process;
    }

    /** Whether the other one is on the same host, and in the same container if any. */
    public boolean sharesHost(RankMember other) {
        return host.equals(other.host) && machine.equals(other.machine);
    }
}
