package dev.braid.parallelism.transport.aeron;

import dev.braid.parallelism.transport.Outgoing;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/**
 * A rank in a JVM of its own. It opens the transport, prints its endpoint, reads the endpoint of its peer, sends it ten frames,
 * prints "received" once it has ten, and closes when its input ends.
 */
final class PeerMain {
    private PeerMain() {}

    /** Argument: the folder in which the driver's folder is made. */
    public static void main(String[] arguments) throws IOException {
        try (World world = new World("ipc", Path.of(arguments[0]), 1);
                BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            System.out.println(world.transports.getFirst().endpoint());
            String peer = input.readLine();
            if (peer != null) {
                Outgoing channel = world.transports.getFirst().dial(World.address(0, Map.of("ipc", peer)));
                for (int number = 0; number < 10; number++) {
                    world.deliver(channel, number, 5000);
                }
                world.until(() -> world.inboxes.getFirst().numbers.size() == 10);
                System.out.println("received");
                while (input.readLine() != null) {
                    // Waits for the end of the input.
                }
            }
        }
        System.out.println("closed");
    }
}
