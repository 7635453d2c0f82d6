package dev.braid.trainer.spark;

import java.io.IOException;
import java.net.InetAddress;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs a {@link RankProgram} on every rank and is the driver's end of the run. One run at a time; {@link #requestStop} may
 * come from any thread, for example a signal handler.
 */
public final class Coordinator {
    private static final Logger LOG = LoggerFactory.getLogger(Coordinator.class);
    private static final String PORT_KEY = "spark.braid.coordinator.port";

    private final JavaSparkContext spark;
    private final RankLayout layout;
    private final CoordinatorLimits limits;
    private final AtomicLong runs = new AtomicLong();

    private final Object state = new Object();
    private DriverChannel running;
    private boolean stopRequested;

    public Coordinator(SparkSession session, RankLayout layout, CoordinatorLimits limits) {
        this.spark = JavaSparkContext.fromSparkContext(session.sparkContext());
        this.layout = layout;
        this.limits = limits;
    }

    /**
     * Starts the ranks and waits for their end.
     *
     * @param name shown in Spark's own pages
     * @param listener hears the ranks' events; all of them were delivered when this method returns
     * @return what each rank returned, in rank order
     * @throws IllegalArgumentException when a rank threw one: the input is wrong, and the message says how
     * @throws RankFailedException when a rank failed for another reason and no attempt was left
     * @throws IllegalStateException when Spark could not run the stage at all
     */
    public List<String> run(String name, RankProgram program, RankListener listener) throws InterruptedException {
        String group = "braid-" + name + "-" + runs.incrementAndGet();
        RunState run = new RunState(limits, listener, reason -> spark.sc().cancelJobGroup(group, reason));
        byte[] secret = Handshake.random();
        try (DriverChannel channel = open(secret, run)) {
            begin(channel);
            try {
                return collect(group, name, program, new ChannelAddress(host(), channel.port(), secret), run, channel);
            } finally {
                end();
            }
        } catch (IOException failure) {
            throw new IllegalStateException(
                    "the driver can't listen for its ranks on " + bindAddress() + ": " + failure.getMessage()
                            + ". Set spark.driver.bindAddress to an address of this machine",
                    failure);
        }
    }

    /**
     * Asks all ranks to save and return, now or, when none runs yet, as soon as they start. {@link #run} then returns as
     * usual.
     */
    public void requestStop() {
        DriverChannel channel;
        synchronized (state) {
            stopRequested = true;
            channel = running;
        }
        if (channel != null) {
            channel.requestStop();
        }
    }

    /** Whether {@link #requestStop} was called. */
    public boolean stopRequested() {
        synchronized (state) {
            return stopRequested;
        }
    }

    private List<String> collect(
            String group, String name, RankProgram program, ChannelAddress address, RunState run, DriverChannel channel)
            throws InterruptedException {
        AtomicReference<List<RankTask.Result>> results = new AtomicReference<>();
        spark.sc().setJobGroup(group, name, true);
        try {
            results.set(BarrierStage.run(spark, layout, new RankTask(address, layout, limits, program)));
        } catch (Exception failure) {
            if (failure instanceof InterruptedException) {
                spark.sc().cancelJobGroup(group, "the driver was interrupted");
            }
            awaitRelease(channel);
            throw run.explain(failure);
        } finally {
            spark.sc().clearJobGroup();
        }
        run.checkListener();
        return results.get().stream()
                .sorted(Comparator.comparingInt(RankTask.Result::rank))
                .map(RankTask.Result::text)
                .toList();
    }

    /** A cancelled task may still run: its memory and threads are in the way of whatever comes next in this JVM. */
    private void awaitRelease(DriverChannel channel) throws InterruptedException {
        List<Integer> left = channel.awaitDisconnected(limits.release());
        if (!left.isEmpty()) {
            LOG.warn(
                    "ranks {} have not ended within {} s of the failure",
                    left,
                    limits.release().toSeconds());
        }
    }

    private void begin(DriverChannel channel) {
        boolean stop;
        synchronized (state) {
            if (running != null) {
                throw new IllegalStateException("a run is in progress; a coordinator runs one at a time");
            }
            running = channel;
            stop = stopRequested;
        }
        if (stop) {
            channel.requestStop();
        }
    }

    private void end() {
        synchronized (state) {
            running = null;
        }
    }

    private DriverChannel open(byte[] secret, RunState run) throws IOException {
        int port = spark.getConf().getInt(PORT_KEY, 0);
        return new DriverChannel(InetAddress.getByName(bindAddress()), port, secret, limits, run);
    }

    private String host() {
        return spark.getConf().get("spark.driver.host");
    }

    private String bindAddress() {
        SparkConf conf = spark.getConf();
        return conf.get("spark.driver.bindAddress", conf.get("spark.driver.host"));
    }
}
