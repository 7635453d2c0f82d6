package dev.braid.parallelism.transport.aeron;

import io.aeron.Aeron;
import io.aeron.ChannelUri;
import io.aeron.CommonContext;
import io.aeron.Subscription;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The stream on which a rank listens. Made and closed by the client's thread. */
final class AeronSubscription {
    private static final SecureRandom RANDOM = new SecureRandom();

    private final AeronClient client;
    private final int stream;
    private final Subscription subscription;
    private final String endpoint;

    private AeronSubscription(AeronClient client, int stream, Opened opened) {
        this.client = client;
        this.stream = stream;
        this.subscription = opened.subscription;
        this.endpoint = opened.endpoint;
    }

    private record Opened(Subscription subscription, String endpoint) {}

    /**
     * Listens on a random stream of {@code channel}. Blocks until the driver has opened it.
     *
     * @throws IllegalStateException when it does not, for instance since the address is not of this host
     */
    static AeronSubscription open(AeronClient client, String channel, IncomingChannels incoming, Duration patience) {
        int stream = RANDOM.nextInt();
        CompletableFuture<Opened> outcome = new CompletableFuture<>();
        client.execute(aeron -> {
            long registration = aeron.asyncAddSubscription(channel, stream, incoming::appear, incoming::disappear);
            client.repeat(() -> finish(aeron, registration, outcome));
        });
        boolean opened = false;
        try {
            AeronSubscription subscription =
                    new AeronSubscription(client, stream, await(client, channel, outcome, patience));
            opened = true;
            return subscription;
        } finally {
            if (!opened) {
                // Should it still come to be, the client's thread closes it.
                outcome.cancel(false);
            }
        }
    }

    private static Opened await(
            AeronClient client, String channel, CompletableFuture<Opened> outcome, Duration patience) {
        long start = System.nanoTime();
        while (true) {
            try {
                return outcome.get(50, TimeUnit.MILLISECONDS);
            } catch (TimeoutException notYet) {
                if (!client.fault().isEmpty()) {
                    throw new IllegalStateException(client.fault(), notYet);
                }
                if (System.nanoTime() - start > patience.toNanos()) {
                    throw new IllegalStateException(
                            client.note() + " did not open " + channel + " within " + patience, notYet);
                }
            } catch (ExecutionException failure) {
                throw new IllegalStateException(
                        "cannot listen on " + channel + ": "
                                + failure.getCause().getMessage() + "; check parallel.bind",
                        failure.getCause());
            } catch (InterruptedException cancelled) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while opening " + channel, cancelled);
            }
        }
    }

    private static boolean finish(Aeron aeron, long registration, CompletableFuture<Opened> outcome) {
        if (aeron.isCommandActive(registration)) {
            return false;
        }
        try {
            Subscription subscription = aeron.getSubscription(registration);
            String resolved = subscription.tryResolveChannelEndpointPort();
            if (resolved == null && !outcome.isDone()) {
                return false;
            }
            if (outcome.isDone()) {
                subscription.close();
                return true;
            }
            ChannelUri uri = ChannelUri.parse(resolved);
            String endpoint = uri.isUdp() ? uri.get(CommonContext.ENDPOINT_PARAM_NAME) : "";
            if (!outcome.complete(new Opened(subscription, endpoint))) {
                subscription.close();
            }
        } catch (RuntimeException failure) {
            outcome.completeExceptionally(failure);
        }
        return true;
    }

    int stream() {
        return stream;
    }

    /** Address and port, for udp. */
    String endpoint() {
        return endpoint;
    }

    void close() {
        client.execute(aeron -> subscription.close());
    }
}
