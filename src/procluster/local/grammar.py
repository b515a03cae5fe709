"""The T-SQL that is read, as a grammar; what has no rule here is a syntax error or refused.

Notation: ``WORD`` and ``'sign'`` are tokens; ``name`` is a rule, else one of the parser's;
``x?``, ``x*``, ``x+`` and ``x % ','`` (a list) repeat. ``field:x`` keeps what x gives, or its
words, ``field?:x`` whether it is there, ``field$:x`` also its text. ``=> Node`` makes a node of
:mod:`.syntax` from the fields, ``=> word`` calls the action of that name. ``@rule`` stands for the
rule's own pieces, and ``!"what: reason"`` refuses what has been read so far, of which ``{}`` is
the last word.
"""

GRAMMAR = r"""
batch = semicolons (unsupported | first:bare_call terminated)? statements:statements end => batch
bare_call = label | is_no_throw @call => execute
statements = (semicolons statement terminated)* semicolons
some_statements = (semicolons statement terminated)+ semicolons
statement = declare | set | if | while | jump | return | transaction | try | block | print | throw
    | raiserror | execute | query_statement | insert | update | delete | truncate | create_table
    | create_index | create_name | module | alter_table | role_member | drop | permission
    | unsupported | label
    | (CREATE | ALTER | DROP) unknown_object
unsupported = (CLOSE | DEALLOCATE | FETCH | OPEN)
      !"{}: cursors are left out; use a set-based statement or WHILE"
    | (BACKUP | CHECKPOINT | DBCC | KILL | RESTORE | SHUTDOWN)
      !"{}: the embedded engine is not a server"
    | (DISABLE | ENABLE) !"{}: triggers are left out"
    | (READTEXT | UPDATETEXT | WRITETEXT) !"{}: use varchar(max)"
    | (REVERT | SETUSER) !"{}: there is one principal, dbo"
    | BULK !"{}: use `procluster load`"
    | GOTO !"{}: use IF, WHILE and TRY"
    | LINENO !"{}: lines are counted from the start of the batch"
    | MERGE !"{}: use UPDATE and INSERT"
    | RECONFIGURE !"{}: settings are fixed"
    | USE !"{}: there is one database"
    | WAITFOR !"{}: the embedded engine does not wait"

# variables and options
declare = DECLARE identifier CURSOR !"DECLARE CURSOR: use a set-based statement or WHILE"
    | DECLARE declarations:declaration % ',' => Declare
declaration = name:variable AS? type:data_type ('=' value:expression)? => Declaration
set = SET name:variable operator:assignment_operator value:expression => SetVariable
    | SET IDENTITY_INSERT !"SET IDENTITY_INSERT: let the column number the rows"
    | SET (STATISTICS | OFFSETS) !"SET {}: there is nothing to show"
    | SET options:isolation % ',' value:option_value => SetOption
    | SET options:any_word % ',' value:option_value
      (',' !"SET with several values: use one SET for each")? => SetOption
isolation = TRANSACTION ISOLATION LEVEL
option_value = integer | REPEATABLE READ | READ (COMMITTED | UNCOMMITTED) | string | any_word
    | variable | 'binary'
assignment_operator = '=' | '+=' | '-=' | '*=' | '/=' | '%=' | '&=' | '|=' | '^='
string = 'string' | 'national'

# control flow
if = IF condition:condition then:statement (';'? ELSE otherwise:statement)? => If
while = WHILE condition:condition body:loop_body => While
jump = word:(BREAK | CONTINUE) in_loop => Jump
return = RETURN value:expression? => Return
block = BEGIN statements:some_statements END => Block
try = BEGIN TRY attempt:some_statements END TRY BEGIN CATCH handler:catch_body END CATCH => TryCatch

# messages
print = PRINT value:expression => Print
throw = THROW (number:throw_value ',' message:throw_value ',' state:throw_value | in_catch) => Throw
raiserror = RAISERROR '(' message:expression ',' severity:expression ',' state:expression
    (',' arguments:expression % ',')? ')'
    (WITH options:raise_option % ',')? => RaiseError
raise_option = LOG | NOWAIT | SETERROR !"RAISERROR WITH SETERROR: raise an error above severity 10"

# transactions
transaction = BEGIN (DISTRIBUTED | ATOMIC | DIALOG | CONVERSATION)
      !"this BEGIN: use BEGIN TRANSACTION"
    | (BEGIN | COMMIT | ROLLBACK) TRANSACTION variable
      !"a transaction named by a variable: name it with a word"
    | SAVE TRANSACTION !"SAVE TRANSACTION: an error takes back its statement anyway"
    | verb:BEGIN TRANSACTION name:identifier?
      (WITH !"BEGIN TRANSACTION WITH MARK: leave the mark out")? => Transaction
    | verb:(COMMIT | ROLLBACK) (TRANSACTION name:identifier? | WORK)? @no_options
      => Transaction

# procedures called
execute = EXECUTE AS !"EXECUTE AS: there is one principal, dbo"
    | EXECUTE '(' text:expression (',' !"EXEC () with parameters: use sp_executesql")? ')'
      ((AT | AS | WITH RESULT) !"EXEC () {}: leave it out")? => ExecuteText
    | EXECUTE (status:variable '=')? @call => execute
    | EXECUTE variable !"EXEC of a variable's procedure: name the procedure"
call = procedure:object_name (';' integer !"a numbered procedure: leave the number out")?
    (arguments:argument % ',')? (WITH (RECOMPILE | RESULT SETS @result_sets) % ',')?
argument = (name:variable '=')? value:(default | argument_value) output?:OUTPUT? => argument
result_sets = UNDEFINED | NONE result_sets:nothing | '(' AS !"RESULT SETS AS: list the columns"
    | '(' result_sets:result_set % ',' ')'
result_set = '(' result_column % ',' ')'
result_column = name:identifier type:data_type (NOT NULL nullable:no | NULL? nullable:yes)
    => ColumnDefinition

# rows changed
insert = @with INSERT INTO? @no_top target:object_name hints (columns:column_names)? @no_output
    (DEFAULT VALUES | source:insert_source) => Insert
    | @with INSERT INTO? @no_table_variable
insert_source = VALUES rows:value_row % ',' hinted => insert_values | execute | query
update = @with UPDATE @no_top target:object_name changed_hints SET assignments:assignment % ','
    @no_output (FROM source:sources)? @where hinted => Update
    | @with UPDATE @no_table_variable
    | UPDATE STATISTICS !"UPDATE STATISTICS: there are none"
assignment = variable !"SET @variable in UPDATE: select it beforehand"
    | target:column_name operator:assignment_operator value:expression => Assignment
    | column_name '(' !"a method in SET: set the whole value"
delete = @with DELETE @no_top FROM? target:object_name @no_brackets hints @no_output
    (FROM source:sources)? @where hinted => Delete
    | @with DELETE FROM? @no_table_variable
truncate = TRUNCATE TABLE target:object_name
    (WITH !"TRUNCATE TABLE WITH PARTITIONS: use DELETE")? => Truncate
with = (WITH with_tables:common_table % ',')? (MERGE !"MERGE: use UPDATE and INSERT")?
where = (WHERE (CURRENT !"WHERE CURRENT OF: cursors are left out")? where:condition)?
no_top = (TOP !"TOP in a change of rows: choose the rows in a subquery")?
no_brackets = ('(' !"brackets behind a table: write WITH before hints, and change no function")?
no_output = (OUTPUT !"the OUTPUT clause: select the rows afterwards")?
no_table_variable = variable !"a table variable: use a #temp table"
column_names = '(' column_name % ',' ')'

# queries
query_statement = (WITH with_tables:common_table % ',')? @query_tail => query_statement
query = @query_tail => query
query_tail = body:union (ORDER BY order_by:order_item % ','
    (OFFSET offset:expression (ROW | ROWS)
    (FETCH (FIRST | NEXT) fetch:expression (ROW | ROWS) ONLY)?)?)?
    (FOR !"FOR XML and FOR JSON: use STRING_AGG")? hinted
hinted = (OPTION '(' option % ',' ')')?
option = RECOMPILE | MAXDOP integer | any_word !"OPTION {}: leave the hint out"
common_table = name:identifier (columns:names)? AS '(' query:query ')' => CommonTable
union = first:intersection rest:united* => combined
united = operator:(UNION ALL | UNION | EXCEPT) right:intersection => fields
intersection = first:specification rest:intersected* => combined
intersected = operator:INTERSECT right:specification => fields
specification = '(' union ')' | select
select = SELECT (ALL | distinct?:DISTINCT)? (TOP top:top)? items:select_item % ','
    (INTO into:object_name (ON !"SELECT INTO with a filegroup: leave it out")?)?
    (FROM source:sources)? (WHERE where:condition)?
    (GROUP BY group_by:group_by)? (HAVING having:condition)? => Select
top = ('(' expression ')' | number) @no_share
no_share = ((PERCENT | WITH TIES) !"TOP with PERCENT or WITH TIES: count the rows, or use RANK")?
group_by = (GROUPING SETS | ROLLUP | CUBE | ALL)
    !"GROUP BY with ROLLUP and the like: use UNION ALL of plain groups"
    | '(' ')' !"GROUP BY (): leave it out"
    | expression % ',' ((WITH | ',' '(') !"GROUP BY WITH or (): use UNION ALL of plain groups")?
select_item = variable:variable operator:assignment_operator expression:expression => SelectItem
    | alias:(identifier | string) '=' expression:expression => SelectItem
    | expression:star => SelectItem
    | expression:expression (alias:select_alias)? => SelectItem
star = '*' => Star
select_alias = behind_no_star AS? (identifier | string)
order_item = expression:expression (ASC | descending?:DESC)? => OrderItem

# values
case = CASE branches:branch+ (ELSE otherwise:expression)? END => Case
    | CASE operand:expression branches:simple_branch+ (ELSE otherwise:expression)? END => Case
    | IIF '(' branches:choice+ ',' otherwise:expression ')' => Case
branch = WHEN test:condition THEN result:expression => Branch
choice = test:condition ',' result:expression => Branch
simple_branch = WHEN test:expression THEN result:expression => Branch
cast = (CAST | attempt?:TRY_CAST) '(' operand:expression AS target:cast_type ')' => Cast
    | (CONVERT | attempt?:TRY_CONVERT) '(' target:cast_type ',' operand:expression
      (',' style:expression)? ')' => Cast
behind_call = (WITHIN GROUP '(' ORDER BY within_group:order_item % ',' ')')?
    ((IGNORE | RESPECT) !"IGNORE NULLS and RESPECT NULLS: filter the rows instead")?
    (OVER over:window)? => fields
window = '(' (PARTITION BY partition_by:expression % ',')? (ORDER BY order_by:order_item % ',')?
    (frame:frame)? ')' => Window
    | (identifier | '(' identifier (PARTITION | ORDER | ROWS | RANGE))
      !"OVER with a window name: write the window in brackets"
frame = RANGE (@bound | BETWEEN @bound AND @bound) | ROWS (@row | BETWEEN @row AND @row)
bound = UNBOUNDED (PRECEDING | FOLLOWING) | CURRENT ROW
row = (UNBOUNDED | 'int') (PRECEDING | FOLLOWING) | CURRENT ROW

# sources
sources = first:joined joins:comma_join* => joined
comma_join = ',' kind:cross right:joined => Join
joined = first:source joins:join* => joined
join = kind:(CROSS JOIN | CROSS APPLY | OUTER APPLY) right:source => Join
    | (INNER | LEFT | RIGHT | FULL) OUTER? (LOOP | HASH | MERGE | REMOTE)
      !"a join hint: leave the hint out"
    | (kind:(LEFT | RIGHT | FULL) OUTER? | INNER?) JOIN right:joined ON condition:condition => Join
    | (PIVOT | UNPIVOT | TABLESAMPLE) !"PIVOT, UNPIVOT and TABLESAMPLE: use CASE and aggregates"
source = '(' VALUES rows:value_row % ',' ')' AS? alias:identifier (columns:names)?
      => ValuesTable
    | '(' query:query ')' AS? alias:identifier (columns:names)? => DerivedTable
    | '(' joined ')'
    | @no_table_variable
    | call:table_call (WITH '(' schema:json_column % ',' ')')? (alias:alias (columns:names)?)?
      => FunctionTable
    | name:object_name (alias:alias @no_brackets)? hints => NamedTable
alias = AS? identifier
json_column = name:identifier type:data_type
    (COLLATE !"COLLATE in OPENJSON: leave it out")? (path:string)? as_json?:(AS JSON)? => JsonColumn
value_row = '(' row_value % ',' ')'
row_value = default | expression
hints = (WITH '(' hint % ',' ')')?
changed_hints = (WITH '(' (READPAST | hint) % ',' ')')?
hint = HOLDLOCK | NOLOCK | PAGLOCK | READCOMMITTED | READCOMMITTEDLOCK | READUNCOMMITTED
    | REPEATABLEREAD | ROWLOCK | SERIALIZABLE | TABLOCK | TABLOCKX | UPDLOCK | XLOCK
    | any_word !"table hint {}: leave the hint out"
names = '(' identifier % ',' ')'

# tables and indexes
create_table = CREATE TABLE name:object_name @no_storage '(' elements:element % ',' ','? ')'
    @no_storage => create_table
element = INDEX !"INDEX inside CREATE TABLE: use CREATE INDEX" | constraint | column
column = name:identifier AS !"a computed column: compute it in a view"
    | name:identifier type:data_type options:column_option* => column
column_option = NOT NULL nullable:no => fields
    | NULL nullable:yes => fields
    | IDENTITY identity:identity => fields
    | (CONSTRAINT default_name:identifier)? DEFAULT default$:expression
      (WITH VALUES !"DEFAULT WITH VALUES: update the rows afterwards")? => fields
    | INDEX !"INDEX inside CREATE TABLE: use CREATE INDEX"
    | (COLLATE | SPARSE | ROWGUIDCOL | MASKED | GENERATED | HIDDEN)
      !"this property of a column: leave it out"
    | (CONSTRAINT name:identifier)? @key (columns:key_columns)? @no_storage => KeyConstraint
    | (CONSTRAINT name:identifier)? CHECK condition$:bracketed => Check
    | (CONSTRAINT name:identifier)? (FOREIGN KEY)? @references => ForeignKey
constraint = (CONSTRAINT name:identifier)? @key columns:key_columns @no_storage => KeyConstraint
    | (CONSTRAINT name:identifier)? CHECK condition$:bracketed => Check
    | (CONSTRAINT name:identifier)? FOREIGN KEY columns:names @references => ForeignKey
    | (CONSTRAINT identifier)? DEFAULT !"DEFAULT ... FOR: write DEFAULT behind the column"
key = kind:(PRIMARY KEY | UNIQUE) (CLUSTERED | NONCLUSTERED)?
key_columns = '(' key_column % ',' ')'
key_column = identifier (ASC | DESC)?
bracketed = '(' condition ')'
references = REFERENCES references:object_name (referenced_columns:names)?
    (ON (DELETE | UPDATE) referential_action)*
referential_action = NO ACTION
    | (CASCADE | SET) !"ON DELETE and ON UPDATE with an action: only NO ACTION is run"
identity = '(' integer ',' integer ')' | one_by_one
no_storage = ((ON | WITH | TEXTIMAGE_ON | FILESTREAM_ON | AS) !"{} here: leave it out")?
no_options = (WITH '(' !"WITH options here: leave them out")?
create_index = CREATE unique?:UNIQUE? (CLUSTERED | NONCLUSTERED)? INDEX name:identifier
    ON table:object_name '(' keys:index_column % ',' ')' (INCLUDE include:names)?
    (WHERE where$:condition)? @no_storage => create_index
index_column = expression:column_ref (ASC | descending?:DESC)? => OrderItem
alter_table = ALTER TABLE name:object_name (WITH CHECK)? ADD elements:element % ',' => alter_table
    | ALTER TABLE object_name (WITH NOCHECK | ALTER | ENABLE | DISABLE | SWITCH | SET | REBUILD
      | CHECK | NOCHECK | MERGE | SPLIT | ADD PERIOD | DROP (PERIOD | INDEX)
      | DROP (COLUMN | CONSTRAINT)? IF) !"this ALTER TABLE: use ADD and DROP"
    | ALTER TABLE name:object_name DROP (COLUMN drop_columns:identifier % ','
      | CONSTRAINT? drop_constraints:identifier % ',' @no_options)
      (',' !"ALTER TABLE that drops several kinds: use one statement for each")? => AlterTable
drop = DROP kind:(TABLE | VIEW | PROCEDURE | FUNCTION | SCHEMA | ROLE)
    if_exists?:(IF EXISTS)? names:object_name % ',' => Drop
    | DROP kind:INDEX if_exists?:(IF EXISTS)? names:object_name % ',' ON on:object_name
      @no_options (',' !"DROP INDEX of several: use one statement for each")? => Drop
    | DROP INDEX (IF EXISTS)? identifier '.' !"DROP INDEX table.index: use DROP INDEX ON"

# modules
module = @procedure_head name:object_name
      (';' integer !"a numbered procedure: leave the number out")?
      (parameters:parameters)? (WITH module_option % ',')?
    AS body:statements end => module
    | mode:(CREATE OR ALTER | CREATE | ALTER) kind:VIEW name:object_name (columns:names)?
      (WITH module_option % ',')? AS body:module_query
      (WITH !"WITH CHECK OPTION: views are read only")? ';'? end => module
    | @function_head RETURNS TABLE (WITH module_option % ',')? AS? RETURN
      ('(' body:module_query ')' | body:module_query) ';'? end => module
    | @function_head RETURNS !"a scalar or multi-statement function: use an inline function"
procedure_head = mode:(CREATE OR ALTER | CREATE | ALTER) kind:PROCEDURE
function_head = mode:(CREATE OR ALTER | CREATE | ALTER) kind:FUNCTION name:object_name
    '(' (parameters:parameter % ',')? ')'
module_query = (WITH with_tables:common_table % ',')? @query_tail => query
module_option = RECOMPILE | SCHEMABINDING | EXECUTE AS (CALLER | OWNER | SELF)
    | any_word !"module option {}: leave it out"
parameters = '(' parameter % ',' ')' | parameter % ','
parameter = name:variable AS? type:data_type ('=' value:constant)? output?:OUTPUT?
    ((READONLY | VARYING | NULL | NOT) !"this property of a parameter: leave it out")?
    => Declaration
parameter_list = (parameter % ',')? end

# schemas, roles and permissions
create_name = CREATE kind:SCHEMA AUTHORIZATION
      !"CREATE SCHEMA AUTHORIZATION without a name: name the schema"
    | CREATE kind:SCHEMA name:identifier (AUTHORIZATION identifier)? ';'? end => create_schema
    | CREATE SCHEMA identifier (CREATE | GRANT)
      !"CREATE SCHEMA with elements: create them in their own batches"
    | CREATE kind:ROLE name:identifier (AUTHORIZATION identifier)? => CreateName
role_member = ALTER ROLE role:identifier action:(ADD | DROP) MEMBER member:identifier => RoleMember
    | ALTER ROLE identifier WITH !"ALTER ROLE WITH NAME: drop and create the role"
permission = REVOKE GRANT OPTION !"REVOKE GRANT OPTION FOR: revoke the permission"
    | action:(GRANT | DENY | REVOKE) permissions:permission_name % ','
      (ON (on_kind:(OBJECT | SCHEMA | DATABASE) '::')? on:object_name)? (TO | FROM)
      principals:principal % ','
      ((WITH | CASCADE | AS) !"this option of a permission: leave it out")? => Permission
principal = PUBLIC | identifier
"""
