package dev.braid.parallelism.memory;

import dev.braid.parallelism.transport.RankAddress;
import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;

/** A second JVM with a rank of its own. Each line that it is sent is a command; it answers each with a line. */
final class OtherJvm implements AutoCloseable {
    private static final String RUN = "run 1";

    private final Process process;
    private final PrintWriter commands;
    private final BufferedReader answers;

    /** Starts it with {@code shared} or {@code ordinary} memory. */
    OtherJvm(String kind) throws IOException {
        List<String> line = new ArrayList<>();
        line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        line.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        line.addAll(List.of("-cp", System.getProperty("java.class.path"), OtherJvm.class.getName(), kind));
        process = new ProcessBuilder(line)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        commands = new PrintWriter(process.getOutputStream(), true, StandardCharsets.UTF_8);
        answers = process.inputReader(StandardCharsets.UTF_8);
    }

    private String ask(String command) throws IOException {
        commands.println(command);
        String answer = answers.readLine();
        if (answer == null) {
            throw new IOException(
                    "the other JVM ended with " + process.onExit().join().exitValue());
        }
        return answer;
    }

    /** Its rank, 1. */
    RankAddress address() throws IOException {
        String[] parts = ask("address").split(" ", 2);
        return Addressed.of(1, ThisProcess.hostId(), parts[0], parts[1]);
    }

    /** Allocates an F32 tensor of {@code count} elements, all of {@code value}. Returns its location. */
    long fill(long count, float value) throws IOException {
        return Long.parseLong(ask("fill " + count + " " + value));
    }

    /** Sets the last element of the tensor that was allocated last. */
    void set(float value) throws IOException {
        ask("set " + value);
    }

    void withdraw() throws IOException {
        ask("withdraw");
    }

    void kill() {
        process.destroyForcibly().onExit().join();
    }

    @Override
    public void close() {
        commands.close();
        try {
            process.onExit().orTimeout(10, TimeUnit.SECONDS).join();
        } catch (CompletionException late) {
            kill();
        }
    }

    /** The other JVM. */
    public static void main(String[] arguments) throws IOException {
        Memory memory = arguments[0].equals("shared") ? Memory.shared() : new Memory();
        RankAddress reader = Addressed.elsewhere(0, "");
        try (memory;
                HostMemory own = new HostMemory(RUN, 1, memory)) {
            BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            Tensor last = null;
            for (String line = input.readLine(); line != null; line = input.readLine()) {
                String[] words = line.split(" ");
                switch (words[0]) {
                    case "address" -> System.out.println(ThisProcess.processKey() + " " + own.descriptor());
                    case "fill" -> {
                        last = memory.allocate(Category.GRADIENTS, DType.F32, Shape.of(Long.parseLong(words[1])));
                        for (long i = 0; i < last.count(); i++) {
                            last.set(i, Float.parseFloat(words[2]));
                        }
                        System.out.println(own.locate(reader, last.address(), last.bytes()));
                    }
                    case "set" -> {
                        last.set(last.count() - 1, Float.parseFloat(words[1]));
                        System.out.println("set");
                    }
                    case "withdraw" -> {
                        own.withdraw();
                        System.out.println("withdrawn");
                    }
                    default -> throw new IOException("unknown command " + line);
                }
            }
        }
    }
}
