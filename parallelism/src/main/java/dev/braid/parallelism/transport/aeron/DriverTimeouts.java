package dev.braid.parallelism.transport.aeron;

import java.time.Duration;

/**
 * When Aeron gives something up. The engine's heartbeats find a dead rank within its deadline; most of these are longer, so that
 * a pause of a JVM that the engine would forgive never ends a channel. A driver that stalls is the exception: it stalls all ranks
 * of its host, which would then accuse each other, so it must be named before any of them is.
 *
 * @param opening how long opening an endpoint may wait for the media driver of another JVM
 * @param stall a driver whose heartbeat stood still for so long has taken its host's channels with it
 * @param driver a driver that gave no sign of life for so long is dead to its clients
 * @param client a client that gave no sign of life for so long is dead to the driver, which frees what it held
 * @param image an incoming udp channel without data or heartbeat for so long has ended
 * @param connection an outgoing udp channel without word from its receiver for so long is not connected
 * @param linger a closed udp channel can send lost datagrams again for so long
 * @param grace how long the JVM that runs the driver waits at its end for other JVMs to detach
 */
public record DriverTimeouts(
        Duration opening,
        Duration stall,
        Duration driver,
        Duration client,
        Duration image,
        Duration connection,
        Duration linger,
        Duration grace) {
    /** Derived from the time within which a dead rank must be found. */
    public static DriverTimeouts of(Duration deadline) {
        Duration patient = clamp(deadline.multipliedBy(3), Duration.ofSeconds(10), Duration.ofMinutes(2));
        return new DriverTimeouts(
                clamp(deadline, Duration.ofSeconds(5), Duration.ofMinutes(1)),
                clamp(deadline.multipliedBy(7).dividedBy(10), Duration.ofSeconds(2), Duration.ofMinutes(1)),
                patient,
                patient,
                patient,
                patient,
                clamp(deadline.dividedBy(5), Duration.ofMillis(200), Duration.ofSeconds(2)),
                clamp(deadline.dividedBy(10), Duration.ofMillis(100), Duration.ofSeconds(2)));
    }

    /** How often the driver looks at its clock and gives a sign of life. */
    Duration heartbeat() {
        return clamp(stall.dividedBy(10), Duration.ofMillis(50), Duration.ofSeconds(1));
    }

    private static Duration clamp(Duration value, Duration least, Duration most) {
        if (value.compareTo(least) < 0) {
            return least;
        }
        return value.compareTo(most) > 0 ? most : value;
    }
}
