package dev.braid.data.source;

import dev.braid.data.DataException;
import dev.braid.data.source.DocumentReader.RawDocuments;
import dev.braid.data.source.Part.FilePart;
import java.io.IOException;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.HadoopReadOptions;
import org.apache.parquet.ParquetReadOptions;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.convert.GroupRecordConverter;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.io.ColumnIOFactory;
import org.apache.parquet.io.RecordReader;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;

/** Each row is a document, in the column {@code text}. */
final class ParquetDocuments {
    private static final String COLUMN = "text";
    private static final byte[] NOTHING = new byte[0];

    private ParquetDocuments() {}

    static void read(FilePart part, Configuration configuration, RawDocuments documents) throws IOException {
        try {
            Path path = new Path(part.address());
            ParquetReadOptions options = HadoopReadOptions.builder(configuration, path)
                    .withRange(part.start(), part.end())
                    .build();
            try (ParquetFileReader reader =
                    ParquetFileReader.open(HadoopInputFile.fromPath(path, configuration), options)) {
                read(part.address(), reader, documents);
            }
        } catch (DataException alreadyClear) {
            throw alreadyClear;
        } catch (RuntimeException problem) {
            throw new DataException(
                    part.address() + " can't be read as Parquet: " + problem.getMessage()
                            + "; it is damaged or not what its name says: replace it or take it out of the source",
                    problem);
        }
    }

    private static void read(String address, ParquetFileReader reader, RawDocuments documents) throws IOException {
        MessageType schema = reader.getFileMetaData().getSchema();
        MessageType projection = new MessageType(schema.getName(), textColumn(address, schema));
        reader.setRequestedSchema(projection);
        boolean more = true;
        PageReadStore rowGroup = reader.readNextRowGroup();
        while (more && rowGroup != null) {
            RecordReader<Group> rows = new ColumnIOFactory()
                    .getColumnIO(projection, schema)
                    .getRecordReader(rowGroup, new GroupRecordConverter(projection));
            for (long row = 0; more && row < rowGroup.getRowCount(); row++) {
                Group group = rows.read();
                byte[] text = group.getFieldRepetitionCount(0) == 0
                        ? NOTHING
                        : group.getBinary(0, 0).getBytes();
                more = documents.document(text, text.length, true);
            }
            rowGroup = more ? reader.readNextRowGroup() : null;
        }
    }

    private static Type textColumn(String address, MessageType schema) {
        if (!schema.containsField(COLUMN)) {
            String columns = schema.getFields().stream().map(Type::getName).collect(Collectors.joining(", "));
            throw new DataException(address + " has no column 'text'; its columns are " + columns
                    + "; write the documents as a string column 'text'");
        }
        Type type = schema.getType(COLUMN);
        if (!type.isPrimitive()
                || type.isRepetition(Type.Repetition.REPEATED)
                || type.asPrimitiveType().getPrimitiveTypeName() != PrimitiveTypeName.BINARY) {
            throw new DataException(address + ": the column 'text' is " + type + "; it must be a string");
        }
        return type;
    }
}
