package dev.braid.trainer.bench;

import dev.braid.trainer.ranks.RankSession;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;

/** {@link DatagramRelay}s in a process of their own, until the launcher closes the pipe. Emits their ports. */
public final class RelayProgram {
    /**
     * The task.
     *
     * @param host to listen on
     * @param targets as {@code address:port}, one relay each
     */
    record Links(String host, List<String> targets, long delayMillis, double loss, long seed) {}

    private RelayProgram() {}

    /** Called by the launcher; takes no arguments. */
    public static void main(String[] arguments) {
        RankSession.serve(RelayProgram::run);
    }

    private static void run(RankSession session) throws Exception {
        Links links = session.task(Links.class);
        List<DatagramRelay> relays = new ArrayList<>();
        for (String target : links.targets) {
            int colon = target.lastIndexOf(':');
            InetSocketAddress address =
                    new InetSocketAddress(target.substring(0, colon), Integer.parseInt(target.substring(colon + 1)));
            relays.add(
                    new DatagramRelay(links.host, address, links.delayMillis, links.loss, links.seed + relays.size()));
        }
        List<Integer> ports = new ArrayList<>();
        for (DatagramRelay relay : relays) {
            ports.add(relay.address().getPort());
        }
        session.emit(ports);
        while (!session.command().equals("end")) {
            session.emit(relays.stream()
                    .map(relay -> relay.forwarded() + " forwarded, " + relay.lost() + " lost")
                    .toList());
        }
        for (DatagramRelay relay : relays) {
            relay.close();
        }
    }
}
