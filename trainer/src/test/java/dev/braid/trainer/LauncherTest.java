package dev.braid.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Runs the real {@code braid} script in a made-up project, with made-up JDKs and a made-up Maven. */
@EnabledOnOs(OS.LINUX)
@Timeout(120)
class LauncherTest {
    private static final List<String> TOOLS = List.of(
            "env",
            "bash",
            "readlink",
            "dirname",
            "find",
            "sort",
            "cksum",
            "cat",
            "mkdir",
            "ln",
            "rm",
            "mv",
            "cp",
            "tail",
            "uname",
            "grep",
            "touch",
            "sed",
            "awk",
            "tee",
            "sleep");

    private static final String BUILDING = "echo \"maven $*\" >> \"$0.calls\"; mkdir -p trainer/target/classes;"
            + " touch a.jar b.jar; printf %s \"$PWD/a.jar\" > trainer/target/libraries.txt;"
            + " printf %s \"$PWD/b.jar\" > trainer/target/classpath.txt";

    private record Result(int exit, String output, String errors) {}

    @TempDir
    private Path folder;

    private Path project;
    private Path tools;

    @BeforeEach
    void makeProject() throws IOException {
        project = Files.createDirectories(folder.resolve("a project"));
        tools = Files.createDirectories(folder.resolve("bin"));
        for (String tool : TOOLS) {
            executable(tools.resolve(tool), "#!/bin/sh\nexec " + find(tool) + " \"$@\"\n");
        }
        write(project.resolve("pom.xml"), "<project/>");
        write(project.resolve("trainer/pom.xml"), "<project/>");
        write(project.resolve("trainer/src/main/launcher/jvm.flags"), "# a comment\n-Dflag=1\n");
        write(project.resolve("trainer/src/main/java/A.java"), "class A {}");
        String script = Files.readString(Path.of("..", "braid"))
                .replace("/usr/lib/jvm/*", folder + "/jvm/*")
                .replace("/usr/java/* /opt/* /opt/java/*", "");
        executable(project.resolve("braid"), script);
        maven(BUILDING);
    }

    @Test
    void shouldPassFlagsClassPathAndArgumentsAsTheyAre() throws Exception {
        jdk("temurin-25", "25.0.3");

        Result result = braid("train", "my config.yaml", "-s", "a=b c");
        assertThat(result.exit()).isEqualTo(7);
        assertThat(result.output().lines().map(line -> line.replaceAll("-Xmx\\d+m", "-XmxNm")))
                .filteredOn(line -> !line.contains("onednn"))
                .containsExactly(
                        "java of temurin-25, JAVA_HOME " + folder + "/jvm/temurin-25",
                        "[-Dflag=1]",
                        "[-XmxNm]",
                        "[-cp]",
                        classPath(),
                        "[dev.braid.trainer.Braid]",
                        "[train]",
                        "[my config.yaml]",
                        "[-s]",
                        "[a=b c]");
    }

    @Test
    void shouldTakeTheFirstJdkThatIsNewEnough() throws Exception {
        jdk("a-17", "17.0.15");
        jdk("b-8", "1.8.0_402");
        jdk("c-26", "26");

        assertThat(braid().output()).startsWith("java of c-26");
    }

    @Test
    void shouldPreferJavaHomeWhenItIsNewEnough() throws Exception {
        jdk("a-25", "25.0.3");
        Path mine = jdk("../mine", "26.0.1");

        assertThat(braidWith(Map.of("JAVA_HOME", mine.toString())).output()).startsWith("java of mine");
    }

    @Test
    void shouldPassOverJavaHomeWhenItIsTooOld() throws Exception {
        jdk("a-25", "25.0.3");
        Path old = jdk("../old", "17");

        assertThat(braidWith(Map.of("JAVA_HOME", old.toString())).output()).startsWith("java of a-25");
    }

    @Test
    void shouldFindTheJdkBehindTheJavaOnThePath() throws Exception {
        Path elsewhere = jdk("../elsewhere", "25.0.3");
        Files.createSymbolicLink(tools.resolve("java"), elsewhere.resolve("bin/java"));

        assertThat(braid().output()).startsWith("java of elsewhere");
    }

    @Test
    void shouldSayWhatItLookedAtWhenThereIsNoJdk() throws Exception {
        Path old = jdk("old", "17.0.15");
        Files.createDirectories(folder.resolve("jvm/empty"));

        Result result = braid("train");
        assertThat(result.exit()).isEqualTo(2);
        assertThat(result.errors()).isEqualTo("""
                        braid: Braid needs a JDK 25 or newer, and none was found. Looked at:
                          %s/jvm/empty: no JDK with a compiler
                          %s: only JDK 17
                        braid: Install one, e.g. Temurin 25 (https://adoptium.net), or set JAVA_HOME to the folder of one that you have.
                        """.formatted(folder, old));
    }

    @Test
    void shouldBuildOnceUntilASourceChanges() throws Exception {
        jdk("25", "25");

        assertThat(braid().errors())
                .isEqualTo("braid: building Braid (first time: downloads dependencies, some minutes) ...\n");
        assertThat(braid().errors()).isEmpty();
        assertThat(calls()).containsExactly("maven -q -B -ntp -DskipTests -Dbraid.jar.skip=true package");
        write(project.resolve("trainer/src/main/java/A.java"), "class A { int changed; }");
        assertThat(braid().errors()).isEqualTo("braid: building Braid (sources have changed) ...\n");
        write(project.resolve("trainer/src/main/java/B.java"), "class B {}");
        assertThat(braid().errors()).contains("building");
        Files.delete(project.resolve("trainer/src/main/java/B.java"));
        assertThat(braid().errors()).contains("building");
        Files.delete(project.resolve("a.jar"));
        assertThat(braid().errors()).contains("building");
        assertThat(braid().errors()).isEmpty();
        assertThat(calls()).hasSize(5);
    }

    @Test
    void shouldShowTheEndOfTheLogWhenTheBuildFails() throws Exception {
        jdk("25", "25");
        maven("echo '[ERROR] cannot find symbol'; exit 1");

        Result result = braid();
        assertThat(result.exit()).isEqualTo(1);
        assertThat(result.output()).isEmpty();
        assertThat(result.errors())
                .contains("[ERROR] cannot find symbol\nbraid: the build failed; the whole log is " + project)
                .endsWith("/target/build.log\n");
        assertThat(braid().errors()).contains("the build failed");
    }

    @Test
    void shouldAskForMavenWhenThereIsNone() throws Exception {
        jdk("25", "25");
        Files.delete(tools.resolve("mvn"));

        Result result = braid();
        assertThat(result.exit()).isEqualTo(2);
        assertThat(result.errors())
                .startsWith("braid: building Braid needs Maven 3.8 or newer, and there is no 'mvn' on the PATH.");
    }

    @Test
    void shouldRemoveTheLockOfABuildThatWasKilled() throws Exception {
        jdk("25", "25");
        Process ended = new ProcessBuilder("true").start();
        ended.waitFor();
        Files.createDirectories(project.resolve("target"));
        Files.createSymbolicLink(project.resolve("target/building"), Path.of(Long.toString(ended.pid())));

        assertThat(braid().exit()).isEqualTo(7);
        assertThat(Files.list(project.resolve("target")))
                .extracting(path -> path.getFileName().toString())
                .containsExactlyInAnyOrder("built", "build.log");
    }

    @Test
    void shouldBuildOnlyOnceWhenTwoStartTogether() throws Exception {
        jdk("25", "25");
        maven("while [[ ! -f $0.go ]]; do sleep 0.05; done; " + BUILDING);
        Process first = process(project.resolve("braid"), Map.of(), "one").start();
        assertThat(first.errorReader().readLine()).startsWith("braid: building Braid");
        Process second = process(project.resolve("braid"), Map.of(), "two").start();
        assertThat(second.errorReader().readLine()).startsWith("braid: waiting for another build (process ");
        write(tools.resolve("mvn.go"), "");

        assertThat(first.waitFor()).isEqualTo(7);
        assertThat(second.waitFor()).isEqualTo(7);
        assertThat(calls()).hasSize(1);
    }

    @Test
    void shouldWorkThroughASymbolicLinkFromAnyFolder() throws Exception {
        jdk("25", "25");
        Files.createDirectories(folder.resolve("links"));
        Files.createSymbolicLink(folder.resolve("links/inner"), project.resolve("braid"));
        Path link = Files.createSymbolicLink(folder.resolve("braid-link"), Path.of("links/inner"));

        Result result = run(link, Map.of(), "help");
        assertThat(result.output()).contains(classPath());
    }

    @Test
    void shouldLeaveTheHeapToJdkJavaOptionsWhenTheySetIt() throws Exception {
        jdk("25", "25");

        assertThat(braidWith(Map.of("JDK_JAVA_OPTIONS", "-Xmx99g")).output()).doesNotContain("-Xmx");
    }

    @Test
    void shouldSumUpTheTestsAndKeepSurefiresLines() throws Exception {
        jdk("25", "25");
        maven("echo '[INFO] Compiling 3 source files';"
                + " echo '[INFO] Tests run: 3, Failures: 0, Errors: 0, Skipped: 1, Time elapsed: 0.1 s -- in A';"
                + " echo '[INFO] Tests run: 4, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 0.1 s -- in B';"
                + " echo '[INFO] Tests run: 7, Failures: 0, Errors: 0, Skipped: 1'");

        Result result = braid("test");
        assertThat(result.exit()).isZero();
        assertThat(result.output())
                .doesNotContain("Compiling")
                .contains("[INFO] Tests run: 7, Failures: 0, Errors: 0, Skipped: 1\n");
        assertThat(result.errors()).isEqualTo("braid: tests passed: 7 run, 0 failures, 0 errors, 1 skipped\n");
    }

    @Test
    void shouldFailWithMavensExitCodeWhenATestFails() throws Exception {
        jdk("25", "25");
        maven(
                "echo '[ERROR] Tests run: 3, Failures: 1, Errors: 0, Skipped: 0, Time elapsed: 0.1 s <<< FAILURE!'; exit 5");

        Result result = braid("test");
        assertThat(result.exit()).isEqualTo(5);
        assertThat(result.errors())
                .startsWith("braid: TESTS FAILED: 3 run, 1 failures, 0 errors, 0 skipped; the whole log is ");
    }

    @Test
    void shouldRejectATestSelectionThatSelectsNothing() throws Exception {
        jdk("25", "25");

        assertThat(braid("test", "--long", "Nothing").errors()).isEqualTo("braid: no test matches --long Nothing\n");
        assertThat(braid("test", "--long", "Nothing").exit()).isEqualTo(1);
        assertThat(braid("test", "tranier").errors())
                .startsWith("braid: there is no module tranier\nbraid: usage: ./braid test [--long NAME] [MODULE ...]")
                .contains("trainer");
        assertThat(braid("test", "--lnog").exit()).isEqualTo(2);
        assertThat(calls()).hasSize(2);
    }

    @Test
    void shouldSelectModulesAndLongTests() throws Exception {
        jdk("25", "25");
        braid("test", "--long", "parity", "trainer");

        assertThat(calls())
                .containsExactly(
                        "maven -B -ntp --fail-at-end verify -pl trainer -am -Dbraid.test.groups=long & !submit"
                                + " -Dbraid.submit.groups=long & submit -Dtest=*parity*,*Parity*,*#*parity*,*#*Parity* -Dsurefire.failIfNoSpecifiedTests=false");
    }

    @Test
    void shouldPackTheJarThatSparkSubmitTakes() throws Exception {
        jdk("25", "25");

        Result result = braid("package");
        assertThat(result.exit()).isZero();
        assertThat(result.output()).isEqualTo(project + "/trainer/target/braid.jar\n");
        assertThat(calls()).containsExactly("maven -q -B -ntp -DskipTests package");
    }

    @Test
    void shouldNotLeaveAJarThatIsOlderThanTheClasses() throws Exception {
        jdk("25", "25");
        Path jar = project.resolve("trainer/target/braid.jar");
        write(jar, "old");
        braid();

        assertThat(jar).doesNotExist();
    }

    private String classPath() {
        return "[" + project + "/trainer/target/classes:" + project + "/a.jar:" + project + "/b.jar]";
    }

    private Result braid(String... arguments) throws Exception {
        return braidWith(Map.of(), arguments);
    }

    private Result braidWith(Map<String, String> environment, String... arguments) throws Exception {
        return run(project.resolve("braid"), environment, arguments);
    }

    private Result run(Path script, Map<String, String> environment, String... arguments) throws Exception {
        Path output = folder.resolve("output");
        Path errors = folder.resolve("errors");
        Process process = process(script, environment, arguments)
                .redirectOutput(output.toFile())
                .redirectError(errors.toFile())
                .start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return new Result(process.exitValue(), Files.readString(output), Files.readString(errors));
    }

    private ProcessBuilder process(Path script, Map<String, String> environment, String... arguments) {
        List<String> command = new ArrayList<>(List.of(script.toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
        builder.environment().clear();
        builder.environment().putAll(Map.of("PATH", tools.toString(), "HOME", folder.toString()));
        builder.environment().putAll(environment);
        return builder;
    }

    private List<String> calls() throws IOException {
        return Files.readAllLines(tools.resolve("mvn.calls"));
    }

    /** A JDK whose {@code java} prints what it was given and exits with 7. */
    private Path jdk(String name, String version) throws IOException {
        Path home = folder.resolve("jvm").resolve(name).normalize();
        write(home.resolve("release"), "IMPLEMENTOR=\"nobody\"\nJAVA_VERSION=\"" + version + "\"\n");
        executable(home.resolve("bin/javac"), "#!/usr/bin/env bash\n");
        executable(
                home.resolve("bin/java"),
                "#!/usr/bin/env bash\necho \"java of " + home.getFileName()
                        + ", JAVA_HOME $JAVA_HOME\"\nprintf '[%s]\\n' \"$@\"\nexit 7\n");
        return home;
    }

    private void maven(String body) throws IOException {
        executable(tools.resolve("mvn"), "#!/usr/bin/env bash\n" + body + "\n");
    }

    private static Path find(String tool) {
        return Stream.of("/usr/bin", "/bin")
                .map(folder -> Path.of(folder, tool))
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("this machine has no " + tool));
    }

    private static void write(Path file, String text) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    private static void executable(Path file, String text) throws IOException {
        write(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
}
