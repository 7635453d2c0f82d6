package dev.braid.trainer.ranks;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * How the JVM of a rank is started: the java, the flags and the class path of this JVM, so that it runs the same code in the same
 * way.
 *
 * @param prefix words before {@code java}, for instance {@code ip netns exec NAME}
 * @param flags JVM flags
 * @param classPath of the program
 * @param main class that calls {@link RankSession#serve}
 */
public record RankJvm(List<String> prefix, List<String> flags, String classPath, String main) {
    /** Flags that belong to one process: heap sizes, and agents that would open the same port or file. */
    private static final List<String> OWN =
            List.of("-Xmx", "-Xms", "-agentlib:", "-agentpath:", "-javaagent:", "-Dcom.sun.management.", "-Xlog:");

    /** Tensors live outside the heap, so a rank that only communicates needs little of it. */
    private static final List<String> HEAP = List.of("-Xms32m", "-Xmx512m");

    public RankJvm {
        prefix = List.copyOf(prefix);
        flags = List.copyOf(flags);
    }

    /** The program of {@code main} under this JVM's flags, with a heap of 512 MiB at most. */
    public static RankJvm of(Class<?> main) {
        List<String> flags = inherited(ManagementFactory.getRuntimeMXBean().getInputArguments());
        return new RankJvm(List.of(), flags, System.getProperty("java.class.path"), main.getName());
    }

    /** The same, started by {@code words}. */
    public RankJvm withPrefix(String... words) {
        return new RankJvm(List.of(words), flags, classPath, main);
    }

    /** The same with more flags; of two that contradict each other the JVM takes the later. */
    public RankJvm withFlags(String... more) {
        return new RankJvm(
                prefix, Stream.concat(flags.stream(), Stream.of(more)).toList(), classPath, main);
    }

    /** The whole command line. */
    public List<String> command() {
        List<String> words = new ArrayList<>(prefix);
        words.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        words.addAll(flags);
        words.addAll(List.of("-cp", classPath, main));
        return words;
    }

    static List<String> inherited(List<String> flags) {
        return Stream.concat(flags.stream().filter(flag -> OWN.stream().noneMatch(flag::startsWith)), HEAP.stream())
                .toList();
    }
}
