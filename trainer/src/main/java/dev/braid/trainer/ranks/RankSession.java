package dev.braid.trainer.ranks;

import dev.braid.parallelism.transport.RankAddress;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A rank's side of the pipe to its launcher. When the pipe breaks (the launcher died or gave up), the rank's thread is interrupted,
 * and the JVM ends some seconds later even if the program does not: no rank outlives its launcher.
 */
public final class RankSession {
    /** What a rank does. */
    @FunctionalInterface
    public interface Program {
        /** Runs it. An exception is told to the launcher. */
        void run(RankSession session) throws Exception;
    }

    /** The program failed. */
    public static final int FAILED = 1;

    /** The launcher went away. */
    public static final int ABANDONED = 3;

    private static final long GRACE_MILLIS = 5_000;

    private final PrintStream out;
    private final LinkedBlockingQueue<RankLine> heard = new LinkedBlockingQueue<>();
    private final Thread worker;
    private final RankAssignment assignment;
    private volatile boolean abandoned;

    private RankSession(BufferedReader in, PrintStream out) throws IOException {
        this.out = out;
        this.worker = Thread.currentThread();
        String first = in.readLine();
        if (first == null) {
            throw new IOException("the launcher closed the pipe before it said anything");
        }
        this.assignment = RankLine.parse(first).value(RankAssignment.class);
        Thread listener = new Thread(() -> listen(in), "launcher");
        listener.setDaemon(true);
        listener.start();
    }

    /** The whole of a rank's {@code main} method: runs {@code program} and ends the JVM. */
    public static void serve(Program program) {
        // What libraries print must not get between the lines that the launcher reads.
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        System.setOut(System.err);
        System.exit(serve(program, System.in, out));
    }

    private static int serve(Program program, InputStream in, PrintStream out) {
        RankSession session = null;
        CountDownLatch finished = new CountDownLatch(1);
        Thread worker = Thread.currentThread();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(worker, finished), "end of the rank"));
        try {
            session = new RankSession(new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8)), out);
            program.run(session);
            return 0;
        } catch (Throwable failure) {
            failure.printStackTrace(System.err);
            out.println(RankLine.of(RankLine.Kind.FAILED, RankError.of(failure)).text());
            return session != null && session.abandoned ? ABANDONED : FAILED;
        } finally {
            finished.countDown();
        }
    }

    /** Lets the program leave no file behind when the JVM is ended by Ctrl-C. */
    private static void stop(Thread worker, CountDownLatch finished) {
        if (finished.getCount() > 0) {
            worker.interrupt();
            try {
                finished.await(GRACE_MILLIS, TimeUnit.MILLISECONDS);
            } catch (InterruptedException hurry) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void listen(BufferedReader in) {
        try {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                heard.add(RankLine.parse(line));
            }
        } catch (IOException | IllegalArgumentException broken) {
            System.err.println("the pipe to the launcher broke: " + broken.getMessage());
        }
        abandoned = true;
        worker.interrupt();
        try {
            Thread.sleep(GRACE_MILLIS);
        } catch (InterruptedException ending) {
            Thread.currentThread().interrupt();
        }
        Runtime.getRuntime().halt(ABANDONED);
    }

    /** What to do. */
    public RankAssignment assignment() {
        return assignment;
    }

    /** Tells the launcher this rank's address and waits for those of all ranks. Once only. */
    public List<RankAddress> exchange(RankAddress mine) throws InterruptedException {
        say(RankLine.of(RankLine.Kind.ADDRESS, mine));
        return List.of(hear(RankLine.Kind.ADDRESSES).value(RankAddress[].class));
    }

    /** Sends {@code event}, a value that Jackson can write, to the launcher. Any thread may call. */
    public void emit(Object event) {
        say(RankLine.of(RankLine.Kind.EVENT, event));
    }

    /** Waits for the launcher's next {@link RankProcess#send}. */
    public String command() throws InterruptedException {
        return hear(RankLine.Kind.COMMAND).value(String.class);
    }

    /** The assignment's task as a value that Jackson can read. */
    public <T> T task(Class<T> type) {
        return RankLine.value(assignment.task(), type);
    }

    private RankLine hear(RankLine.Kind kind) throws InterruptedException {
        RankLine line = heard.take();
        if (line.kind() != kind) {
            throw new IllegalStateException("expected " + kind + " from the launcher, but it said " + line.kind());
        }
        return line;
    }

    private void say(RankLine line) {
        synchronized (out) {
            out.println(line.text());
            out.flush();
        }
    }
}
