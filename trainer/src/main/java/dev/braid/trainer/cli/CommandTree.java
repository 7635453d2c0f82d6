package dev.braid.trainer.cli;

import dev.braid.checkpoint.InvalidFileException;
import dev.braid.config.Spelling;
import java.io.PrintWriter;
import java.nio.file.NoSuchFileException;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Puts the commands together, runs one, and turns what goes wrong into a message and an exit code. */
public final class CommandTree {
    /** The command did its work. */
    public static final int DONE = 0;
    /** The run failed. */
    public static final int FAILED = 1;
    /** The input was wrong: the command line, the config, or a file. */
    public static final int WRONG_INPUT = 2;

    private final Console console;
    private final CommandLine root;

    /** Commands that call {@code actions} and write to {@code console}. */
    public CommandTree(Console console, Actions actions) {
        this.console = console;
        this.root = new CommandLine(new Root())
                .addSubcommand(new TrainCommand(actions))
                .addSubcommand(new CheckCommand(console))
                .addSubcommand(new PlanCommand(actions))
                .addSubcommand(new ScheduleCommand(actions))
                .addSubcommand(new CommandLine(new DataCommand())
                        .addSubcommand(new DataCommand.Prepare(actions))
                        .addSubcommand(new DataCommand.Show(actions)))
                .addSubcommand(new ExportCommand(actions))
                .addSubcommand(new ImportCommand(actions))
                .addSubcommand(new ScoreCommand(actions))
                .addSubcommand(new SampleCommand(actions))
                .addSubcommand(new CompareCommand(actions))
                .addSubcommand(new CommandLine(new BenchCommand())
                        .addSubcommand(new BenchCommand.Train(actions))
                        .addSubcommand(new BenchCommCommand(actions)))
                .addSubcommand(new HelpCommand(console));
        root.setOut(new PrintWriter(console.out(), true));
        root.setErr(new PrintWriter(console.err(), true));
        root.setExpandAtFiles(false);
        root.setUsageHelpWidth(100);
        root.setColorScheme(CommandLine.Help.defaultColorScheme(CommandLine.Help.Ansi.OFF));
        root.setParameterExceptionHandler(this::refuse);
        root.setExecutionExceptionHandler((exception, line, result) -> fail(exception, line));
    }

    /** Runs the command that {@code arguments} name and returns the exit code. */
    public int run(String... arguments) {
        return root.execute(arguments);
    }

    @CommandLine.Command(
            name = "braid",
            description = "Pretrain language models on Spark.",
            synopsisSubcommandLabel = "COMMAND",
            footer = {
                "",
                "Start with:  braid train examples/quickstart.yaml",
                "Exit codes:  0 done, 1 the run failed, 2 the input was wrong"
            })
    private static final class Root extends Group {}

    private int refuse(ParameterException exception, String[] arguments) {
        CommandLine line = exception.getCommandLine();
        console.err().println(name(line) + ": " + message(exception, line));
        console.err().println("See: " + helpFor(line));
        return WRONG_INPUT;
    }

    private static String message(ParameterException exception, CommandLine line) {
        if (!(exception instanceof UnmatchedArgumentException unmatched)
                || unmatched.getUnmatched().isEmpty()) {
            return lowerFirst(exception.getMessage());
        }
        String word = unmatched.getUnmatched().getFirst();
        CommandSpec spec = line.getCommandSpec();
        if (unmatched.isUnknownOption()) {
            List<String> options = spec.optionsMap().keySet().stream().toList();
            return withHint("there is no option '" + word + "'", Spelling.hint(word.replaceFirst("=.*", ""), options));
        }
        if (line.getSubcommands().isEmpty()) {
            return "'" + word + "' is one argument too many";
        }
        return HelpCommand.unknownCommand(
                word, List.copyOf(line.getSubcommands().keySet()));
    }

    private static String withHint(String problem, String hint) {
        return hint.isEmpty() ? problem : problem + "; " + hint;
    }

    private static String lowerFirst(String message) {
        return message.isEmpty() ? message : Character.toLowerCase(message.charAt(0)) + message.substring(1);
    }

    private static String name(CommandLine line) {
        return line.getCommandSpec().qualifiedName(" ");
    }

    private static String helpFor(CommandLine line) {
        return name(line).replaceFirst("^braid", "braid help");
    }

    private int fail(Exception exception, CommandLine line) {
        if (line.getCommand() instanceof Command command && command.trace()) {
            exception.printStackTrace(console.err());
        }
        boolean wrongInput = exception instanceof IllegalArgumentException || exception instanceof InvalidFileException;
        console.err().println(name(line) + ": " + (wrongInput ? exception.getMessage() : failure(exception)));
        return wrongInput ? WRONG_INPUT : FAILED;
    }

    private static String failure(Exception exception) {
        if (exception instanceof RunFailedException) {
            return exception.getMessage();
        }
        if (exception instanceof NoSuchFileException missing) {
            return "there is no file " + missing.getFile();
        }
        if (exception instanceof InterruptedException) {
            Thread.currentThread().interrupt();
            return "interrupted";
        }
        return "failed: " + exception + " (--trace shows where)";
    }
}
