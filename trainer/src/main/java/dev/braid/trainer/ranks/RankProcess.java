package dev.braid.trainer.ranks;

import dev.braid.parallelism.transport.RankAddress;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** The JVM of one rank, seen from its launcher. Thread-safe. */
public final class RankProcess {
    private static final int KEPT_LINES = 400;

    private final RankAssignment assignment;
    private final Process process;
    private final OutputStream in;
    private final CompletableFuture<RankAddress> address = new CompletableFuture<>();
    private final CompletableFuture<RankEnd> end = new CompletableFuture<>();
    private final LinkedBlockingQueue<String> events = new LinkedBlockingQueue<>();
    private final ArrayDeque<String> output = new ArrayDeque<>();
    private volatile RankError error;

    private RankProcess(RankAssignment assignment, Process process) {
        this.assignment = assignment;
        this.process = process;
        this.in = process.getOutputStream();
    }

    static RankProcess start(RankJvm jvm, RankAssignment assignment) {
        RankProcess rank;
        try {
            rank = new RankProcess(assignment, new ProcessBuilder(jvm.command()).start());
        } catch (IOException failure) {
            throw new RankProcessException(
                    "the JVM of rank " + assignment.rank() + " can't be started: " + failure.getMessage(), failure);
        }
        Thread errors = rank.read("errors", rank.process.getErrorStream(), rank::keep);
        Thread lines = rank.read("lines", rank.process.getInputStream(), rank::take);
        Thread.ofVirtual().start(() -> rank.awaitEnd(errors, lines));
        rank.say(RankLine.of(RankLine.Kind.ASSIGNMENT, assignment));
        return rank;
    }

    private Thread read(String what, InputStream stream, Consumer<String> taker) {
        return Thread.ofPlatform().daemon().name("rank " + rank() + ' ' + what).start(() -> {
            try (BufferedReader reader = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
                reader.lines().forEach(taker);
            } catch (IOException | UncheckedIOException closed) {
                keep("(its output ended: " + closed.getMessage() + ")");
            }
        });
    }

    private void take(String text) {
        RankLine line;
        try {
            line = RankLine.parse(text);
        } catch (IllegalArgumentException printed) {
            keep(text);
            return;
        }
        switch (line.kind()) {
            case ADDRESS -> address.complete(line.value(RankAddress.class));
            case EVENT -> events.add(line.json());
            case FAILED -> error = line.value(RankError.class);
            case ASSIGNMENT, ADDRESSES, COMMAND -> keep(text);
        }
    }

    private void keep(String line) {
        if (line.startsWith("WARNING: Using incubator modules")) {
            return; // every JVM with the Vector API says so
        }
        synchronized (output) {
            if (output.size() == KEPT_LINES) {
                output.removeFirst();
            }
            output.addLast(line);
        }
    }

    private void awaitEnd(Thread errors, Thread lines) {
        try {
            int code = process.waitFor();
            errors.join();
            lines.join();
            end.complete(new RankEnd(rank(), code, Optional.ofNullable(error)));
        } catch (InterruptedException impossible) {
            Thread.currentThread().interrupt();
        }
    }

    /** Its rank in the world. */
    public int rank() {
        return assignment.rank();
    }

    /** The operating system's id of the process. */
    public long pid() {
        return process.pid();
    }

    /** True until the process has ended. */
    public boolean alive() {
        return process.isAlive();
    }

    /** Ends it at once, as {@code kill -9} does, and returns when it is gone. */
    public void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** Stops all of its threads, as {@code kill -STOP} does, until {@link #resume} or {@link #kill}. */
    public void pause() throws InterruptedException {
        signal("STOP");
    }

    /** Lets it go on. */
    public void resume() throws InterruptedException {
        signal("CONT");
    }

    private void signal(String name) throws InterruptedException {
        try {
            // The shell has a kill of its own, where the program may not be installed.
            Process shell = new ProcessBuilder("sh", "-c", "kill -" + name + " " + pid())
                    .redirectErrorStream(true)
                    .start();
            String said = new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            if (shell.waitFor() != 0) {
                throw new RankProcessException("rank " + rank() + " can't be sent " + name + ": " + said);
            }
        } catch (IOException failure) {
            throw new RankProcessException("there is no shell to send " + name + " with", failure);
        }
    }

    /** Sends {@code command} to its {@link RankSession#command}; without effect when it has ended. */
    public void send(String command) {
        say(RankLine.of(RankLine.Kind.COMMAND, command));
    }

    void say(RankLine line) {
        synchronized (in) {
            try {
                in.write((line.text() + '\n').getBytes(StandardCharsets.UTF_8));
                in.flush();
            } catch (IOException gone) {
                keep("(it did not hear '" + line.kind() + "': " + gone.getMessage() + ")");
            }
        }
    }

    /** Closes the pipe: the rank ends by itself within seconds. */
    void abandon() {
        synchronized (in) {
            try {
                in.close();
            } catch (IOException gone) {
                keep("(the pipe to it was broken: " + gone.getMessage() + ")");
            }
        }
    }

    /** Asks the system to end it at once; does not wait. */
    void destroy() {
        process.destroyForcibly();
    }

    CompletableFuture<RankAddress> address() {
        return address;
    }

    CompletableFuture<RankEnd> end() {
        return end;
    }

    /** The next event as JSON, or empty when none came in {@code time}. */
    public Optional<String> event(Duration time) throws InterruptedException {
        return Optional.ofNullable(events.poll(time.toNanos(), TimeUnit.NANOSECONDS));
    }

    /** How it ended, or empty when it has not by {@code time} from now. */
    public Optional<RankEnd> await(Duration time) throws InterruptedException {
        return Futures.get(end, time);
    }

    /** The last lines that it and its libraries printed, such as stack traces. */
    public String output() {
        synchronized (output) {
            return String.join("\n", output);
        }
    }

    @Override
    public String toString() {
        return "rank " + rank() + " (process " + pid() + ")";
    }
}
